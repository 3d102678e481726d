"""Stores for tests and benchmarks; no deployment can choose them."""

from .directory import DirectoryStore
from .memory import MemoryStore

__all__ = ["DirectoryStore", "MemoryStore"]
