"""Object stores in plain Python: nothing in this package imports Odoo."""

from .clients import ClientPerProcess
from .content import CHUNK_SIZE, Content, new_md5
from .directory import DirectoryStore
from .errors import (
    Conflict,
    Integrity,
    NotFound,
    OutOfRange,
    Refused,
    StoreError,
    Unavailable,
    Unfinished,
)
from .instrumentation import endpoint_name
from .memory import MemoryStore
from .objects import ObjectInfo, ObjectReader, total_of
from .protocol import Locked, ObjectStore
from .singly import THREADS as AT_A_TIME, delete_singly, without_bulk
from .uri import StoreUri

__all__ = [
    "AT_A_TIME",
    "CHUNK_SIZE",
    "ClientPerProcess",
    "Conflict",
    "Content",
    "DirectoryStore",
    "Integrity",
    "Locked",
    "MemoryStore",
    "NotFound",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "OutOfRange",
    "Refused",
    "StoreError",
    "StoreUri",
    "Unavailable",
    "Unfinished",
    "delete_singly",
    "endpoint_name",
    "new_md5",
    "total_of",
    "without_bulk",
]
