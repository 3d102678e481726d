"""The address of the StatsD server; its host name is looked up in the background, repeatedly.

``get()`` returns the last address at once. If it is older than ``FRESH_SECONDS``, a short-lived
thread looks the host up. So a name server that does not answer delays no request, a server that
moves is found, an idle process looks nothing up, and a fork can lose no thread.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

_logger = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0

Resolve = Callable[..., list[tuple[Any, ...]]]


class SocketPath:
    """The address of a socket in the file system; a server may create it at any time."""

    family = socket.AF_UNIX

    def __init__(self, path: str) -> None:
        self._path = path
        self.found: Callable[[], None] = lambda: None

    def get(self) -> str:
        """Return the path."""
        return self._path


class Address:
    """The address of a UDP port of a host.

    ``found`` is called after each successful look-up, in the thread of the look-up.

    :param resolve: a function like ``socket.getaddrinfo``
    """

    def __init__(
        self,
        host: str,
        port: int,
        ipv6: bool = False,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self.family = socket.AF_INET6 if ipv6 else socket.AF_INET
        self._host = host.strip("[]")
        self._port = port
        self.found: Callable[[], None] = lambda: None
        self._resolve = resolve
        self._known = self._literal()
        self._is_literal = self._known is not None
        self._has_warned = False
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def get(self) -> Any:
        """Return the address for ``socket.sendto``, or None while it is not known."""
        if not self._is_literal and time.monotonic() >= self._due and not self._busy.locked():
            self._look_up()
        return self._known

    def _look_up(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                threading.Thread(target=self._resolve_host, name="statsd", daemon=True).start()
            except RuntimeError:
                # no more threads, or the interpreter ends
                self._due = time.monotonic() + RETRY_SECONDS
                self._busy.release()

    def _resolve_host(self) -> None:
        busy = self._busy
        try:
            [*_family, self._known] = self._resolve(
                self._host, self._port, self.family, socket.SOCK_DGRAM
            )[0]
            self._due = time.monotonic() + FRESH_SECONDS
            self._has_warned = False
            self.found()
        except (OSError, UnicodeError) as error:
            # the last address stays in use
            self._due = time.monotonic() + RETRY_SECONDS
            if not self._has_warned:
                self._has_warned = True
                family = "IPv6" if self.family == socket.AF_INET6 else "IPv4"
                _logger.warning(
                    "STATSD_HOST: %s is not found over %s, metrics are dropped: %s",
                    *(self._host, family, error),
                )
        finally:
            busy.release()

    def _literal(self) -> Any:
        """Return the address if the host is an IP address: it needs no name server."""
        try:
            [*_family, address] = socket.getaddrinfo(
                self._host, self._port, self.family, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST
            )[0]
        except (OSError, UnicodeError):
            return None
        return address

    def _reset(self) -> None:
        # in a forked process the thread of a look-up does not exist
        self._busy = threading.Lock()
        self._due = 0.0
