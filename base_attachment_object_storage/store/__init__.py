"""Object stores in plain Python: nothing in this package imports Odoo."""

from .errors import Conflict, Integrity, NotFound, Refused, StoreError, Unavailable
from .memory import MemoryStore
from .protocol import ObjectInfo, ObjectReader, ObjectStore
from .uri import StoreUri

__all__ = [
    "Conflict",
    "Integrity",
    "MemoryStore",
    "NotFound",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "Refused",
    "StoreError",
    "StoreUri",
    "Unavailable",
]
