"""Clients of servers: one per process, shared by its threads, but not by a fork.

The clients of the libraries are safe in several threads. But two processes that write to one
inherited connection receive each other's responses.
"""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Client = TypeVar("Client")


class ClientPerProcess(Generic[Key, Client]):
    """Creates a client for a key on first use, and keeps it."""

    def __init__(self, make: Callable[[Key], Client]) -> None:
        self._make = make
        self._forget()
        # the lock too, because another thread may hold it at the moment of the fork
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self, key: Key) -> Client:
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = self._clients[key] = self._make(key)
        return client

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[Key, Client] = {}
