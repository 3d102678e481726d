"""Downloads of stored content."""
