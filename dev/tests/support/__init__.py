"""Servers, clients and readers of documents that several tests use."""
