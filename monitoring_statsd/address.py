"""Where the StatsD server is: its host is looked up apart, again and again.

How: who asks for the address gets the last one at once. Where that is older than
``FRESH_SECONDS``, a thread looks the host up, and ends. So a name server that does not answer
keeps nobody waiting, a server that moves is found again, an idle process looks nothing up,
and there is no thread that a fork could lose.
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
    """The address of a socket in the file system, which a server may make at any time."""

    family = socket.AF_UNIX

    def __init__(self, path: str) -> None:
        self._path = path
        self.found: Callable[[], None] = lambda: None

    def get(self) -> str:
        return self._path


class Address:
    """The address of a host's UDP port.

    ``found`` is called after each look-up that finds it, in its thread.

    :param resolve: as ``socket.getaddrinfo``
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
        self._complained = False
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def get(self) -> Any:
        """Return the address as ``sendto`` takes it, or None while it is not known."""
        if not self._is_literal and time.monotonic() >= self._due and not self._busy.locked():
            self._look_up()
        return self._known

    def _look_up(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                threading.Thread(target=self._looked_up, name="statsd", daemon=True).start()
            except RuntimeError:
                # no more threads, or the interpreter ends
                self._due = time.monotonic() + RETRY_SECONDS
                self._busy.release()

    def _looked_up(self) -> None:
        busy = self._busy
        try:
            [*_family, self._known] = self._resolve(
                self._host, self._port, self.family, socket.SOCK_DGRAM
            )[0]
            self._due = time.monotonic() + FRESH_SECONDS
            self._complained = False
            self.found()
        except (OSError, UnicodeError) as error:
            # an address that was found before stays in use
            self._due = time.monotonic() + RETRY_SECONDS
            if not self._complained:
                self._complained = True
                over = "IPv6" if self.family == socket.AF_INET6 else "IPv4"
                _logger.warning(
                    "STATSD_HOST: %s is not found over %s, metrics are dropped: %s",
                    *(self._host, over, error),
                )
        finally:
            busy.release()

    def _literal(self) -> Any:
        """Return the address of a host that is one already, which no name server is asked for."""
        try:
            [*_family, address] = socket.getaddrinfo(
                self._host, self._port, self.family, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST
            )[0]
        except (OSError, UnicodeError):
            return None
        return address

    def _begin(self) -> None:
        # a fork may have lost the thread of a look-up
        self._busy = threading.Lock()
        self._due = 0.0
