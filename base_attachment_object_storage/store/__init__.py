"""Object stores in plain Python: nothing in this package imports Odoo."""

from .backend import PutRequest
from .base import LockKey, ObjectStore, PendingPut
from .bulk_delete import PARALLEL_DELETES, delete_singly, without_bulk
from .clients import ClientPerProcess
from .content import CHUNK_SIZE, Content, new_md5
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
from .objects import ObjectInfo, ObjectReader, total_of
from .uri import StoreUri

__all__ = [
    "CHUNK_SIZE",
    "PARALLEL_DELETES",
    "ClientPerProcess",
    "Conflict",
    "Content",
    "Integrity",
    "LockKey",
    "NotFound",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "OutOfRange",
    "PendingPut",
    "PutRequest",
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
