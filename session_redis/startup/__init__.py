"""Checks before a server with sessions in Redis serves."""
