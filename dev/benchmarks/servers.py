"""Servers beside a benchmark, and the light requests that they get."""

import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from odoo.tools import config

from dev.process import answers


class Server:
    """A server that runs, and its workers."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.port = port
        self._process = psutil.Process(process.pid)

    def processor_seconds(self) -> float:
        """Return the processor time that it has taken so far."""
        processes = [self._process, *self._process.children(recursive=True)]
        times = [process.cpu_times() for process in processes]
        return float(sum(one.user + one.system for one in times))


@contextmanager
def serving(
    command: Sequence[str | Path], port: int, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server as long as the block lasts, which begins once it answers."""
    process = subprocess.Popen(
        [str(part) for part in command], env=environment, start_new_session=True
    )
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError("the server has ended")
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def option(name: str) -> str:
    value = config[name]
    return value if isinstance(value, str) else ",".join(value)


def log_in(port: int, database: str) -> str:
    params = {"db": database, "login": "admin", "password": "admin"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        response = call(connection, "/web/session/authenticate", params)
        cookies = [value for name, value in response.getheaders() if name == "Set-Cookie"]
    return next(cookie for cookie in cookies if "session_id" in cookie).partition(";")[0]


def call(
    connection: http.client.HTTPConnection, path: str, params: Any, cookie: str = ""
) -> http.client.HTTPResponse:
    body = json.dumps({"jsonrpc": "2.0", "params": params})
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200 or b'"error"' in content:
        raise RuntimeError(f"{path}: {response.status} {content[:300]!r}")
    return response


def load(port: int, cookie: str, connections: int, requests: int) -> None:
    """Send light requests of a logged-in user, by some connections side by side."""

    def browse() -> None:
        for _number in range(requests // connections):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as one:
                call(one, "/web/session/check", {}, cookie)

    threads = [threading.Thread(target=browse) for _number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
