"""What encloses the operations and requests of a store, where an addon does not say more."""

import hashlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class Measured(Protocol):
    """What is known of an operation while it lasts."""

    bytes: int


class Unmeasured:
    """Stands where nobody counts."""

    def __init__(self, verb: str, backend: str) -> None:
        self.bytes = 0

    def __enter__(self) -> "Unmeasured":
        return self

    def __exit__(self, *_error: object) -> None:
        pass


def endpoint_name(backend: str, *parts: str | None) -> str:
    """Return a name that is the same for the same parts, and tells no secret among them."""
    return f"{backend} {hashlib.sha256(repr(parts).encode()).hexdigest()}"


def unguarded(store: Any, size: int, continues: bool) -> AbstractContextManager[None]:
    """Let every request pass."""
    return nullcontext()
