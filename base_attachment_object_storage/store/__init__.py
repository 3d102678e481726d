"""Object stores in plain Python: nothing in this package imports Odoo."""

from .base import Locked, ObjectStore
from .bulk_delete import THREADS as AT_A_TIME, delete_singly, without_bulk
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
    "AT_A_TIME",
    "CHUNK_SIZE",
    "ClientPerProcess",
    "Conflict",
    "Content",
    "Integrity",
    "Locked",
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
