"""Clients of servers: one a process, shared by its threads, never by a fork.

The libraries' clients are safe to use in several threads, but two processes that write to
one inherited connection get each other's answers.
"""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Client = TypeVar("Client")


class ClientPerProcess(Generic[Key, Client]):
    """Makes a client for each key when it is first asked for, and keeps it."""

    def __init__(self, make: Callable[[Key], Client]) -> None:
        self._make = make
        self._forget()
        # the lock too: another thread may hold it at the moment of the fork
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
