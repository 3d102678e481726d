"""The rules of a session store that the reader and the write batches share."""

from collections.abc import Callable
from dataclasses import dataclass

from .keys import Keys
from .lifetime import Lifetimes
from .stored_session import StoredSession


@dataclass(frozen=True)
class SessionPolicy:
    """The keys, lifetimes and ids of the sessions."""

    keys: Keys
    lifetimes: Lifetimes
    session_class: type[StoredSession]
    is_valid_key: Callable[[str], bool]
    generate_key: Callable[[], str]
    # a write is for one slot
    is_cluster: bool
