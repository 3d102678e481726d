"""The start of a server: server-wide addons and the checks before it serves."""
