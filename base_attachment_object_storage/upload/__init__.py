"""New content on its way to a store."""
