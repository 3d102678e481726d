"""Daemons of the development services: started apart, found again by pid file, stopped."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .console import DevError

RESERVED_SECONDS = 60
RESERVATIONS = Path(tempfile.gettempdir()) / f"odoo-cloud-ports-{os.getuid()}"


def free_ports(preferred: int, count: int = 1) -> list[int]:
    """Return ``count`` different ports of 127.0.0.1 that are free, for TCP and UDP.

    They are the first ones from ``preferred`` on.

    Prefer ports below 32768: those above are handed out to outgoing connections as well.
    """
    found: list[int] = []
    for port in range(preferred, 65536):
        if _is_free(port) and _reserve(port):
            found.append(port)
        if len(found) == count:
            return found
    raise DevError(f"no {count} free ports from {preferred} on")


def _reserve(port: int) -> bool:
    """Return True unless another command was given the port within RESERVED_SECONDS.

    A port is free until its server listens, so two commands that look at the same time would
    get the same one.
    """
    RESERVATIONS.mkdir(parents=True, exist_ok=True)
    with (RESERVATIONS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reservation = RESERVATIONS / str(port)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - reservation.stat().st_mtime < RESERVED_SECONDS:
                return False
        reservation.touch()
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        # a port that was used a moment ago is free
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            stream.bind(("127.0.0.1", port))
            datagrams.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Return True if a server accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Daemon:
    """One background process (with its children) and its folder: ``pid``, ``log``.

    :param own_log: the file into which the process writes its own log, for messages of errors
    """

    def __init__(self, directory: Path, own_log: Path | None = None) -> None:
        self.directory = directory
        self.log = directory / "log"
        self._own_log = own_log
        self._pid_file = directory / "pid"

    @property
    def pid(self) -> int | None:
        """The process id, or None if the process has ended."""
        try:
            pid, started = self._pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        # after a reboot the number may belong to another process, which has another start time
        return int(pid) if _start_time(int(pid)) == started else None

    def start(
        self,
        command: Sequence[str | Path],
        *,
        ready: Callable[[], bool] | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start the process unless it runs, and wait until ``ready()`` if it is given."""
        if self.pid is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=env,
                    cwd=cwd or self.directory,
                    start_new_session=True,
                    user=user,
                )
            self._pid_file.write_text(f"{process.pid} {_start_time(process.pid)}")
        if ready:
            self.wait(ready)

    def wait(self, ready: Callable[[], bool], timeout_seconds: float = 60) -> None:
        """Wait until ``ready()``.

        :raises DevError: with the end of the log if the process dies or never gets ready
        """
        deadline = time.monotonic() + timeout_seconds
        # the process first: another one may have taken its port, and answer
        while self.pid is None or not ready():
            self.require_running()
            if time.monotonic() > deadline:
                self.kill()
                raise DevError(f"it did not answer within {timeout_seconds} s\n{self.tail()}")
            time.sleep(0.1)

    def require_running(self) -> None:
        """Raise ``DevError`` with the end of its logs if the process has ended."""
        if self.pid is None:
            raise DevError(f"it has ended\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """Return the name and the last lines of the log that has the reason.

        That is its own log. The output has the reason of a process that has not opened its own
        log yet, or that ended by an error of Python.
        """
        output, own = (
            file.read_text(errors="replace").splitlines() if file and file.exists() else []
            for file in (self.log, self._own_log)
        )
        named = [(self._own_log, own)] if own else [(self.log, output)]
        if own and any(line.startswith("Traceback ") for line in output[-lines:]):
            named.append((self.log, output))
        return "\n".join(
            line for file, text in named for line in [f"(from {file})", *text[-lines:]]
        )

    def stop(self, grace_seconds: float = 10) -> None:
        """End the process group, by force once the grace is over."""
        self._signal_and_wait(signal.SIGTERM, grace_seconds)
        self.kill()

    def kill(self) -> None:
        self._signal_and_wait(signal.SIGKILL, 10)
        self._pid_file.unlink(missing_ok=True)

    def _signal_and_wait(self, number: signal.Signals, seconds: float) -> None:
        pid = self.pid
        if pid is None:
            return
        os.killpg(pid, number)
        deadline = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.05)


def wait_for_all(waiting: Mapping[Daemon, Callable[[], bool]], timeout_seconds: float) -> None:
    """Wait until each daemon is ready, and all of them still run.

    :raises DevError: with the end of its logs if one has ended, or never gets ready
    """
    for daemon, ready in waiting.items():
        daemon.wait(ready, timeout_seconds)
    for daemon in waiting:
        daemon.require_running()


def _start_time(pid: int) -> str | None:
    """Return the kernel's start time of a living process (field 22 of /proc/PID/stat)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that ended must not stay as a zombie
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
