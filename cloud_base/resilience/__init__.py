"""Protection from slow and unavailable services."""
