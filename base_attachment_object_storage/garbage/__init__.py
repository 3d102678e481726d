"""Garbage: marks, locks, collection and reconciliation."""
