"""Owners of objects, and the keys of their objects."""
