"""The form of sessions in Redis."""
