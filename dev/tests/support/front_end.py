"""Odoo servers with sessions in Redis alone, and clients that keep a session with them."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.process import answers, free_ports
from dev.stack import Stack

ADDONS = Path(__file__).parents[1] / "addons"
COOKIE = re.compile(r"session_id=([^;]+)")


class FrontEnd:
    """A server on a database, without the rest of the suite."""

    def __init__(
        self, stack: Stack, database: str, data: Path, directory: Path, number: int = 0
    ) -> None:
        self.stack = stack
        self.database = database
        self._preferred_port = 29269 + 20 * number
        self.port, self.gevent_port = free_ports(self._preferred_port, 2)
        self.log = directory / f"{self.port}.log"
        self._data = data

    def command(self, *arguments: str, load: str = "session_redis") -> list[str]:
        odoo = self.stack.odoo
        core = [
            name for name in odoo.server_wide_modules.split(",") if name in ("base", "rpc", "web")
        ]
        options = [
            *("--addons-path", f"{odoo.addons_path},{ADDONS}"),
            *("--data-dir", self._data, "-d", self.database),
            *("--load", ",".join([*core, *filter(None, [load])]), "--max-cron-threads=0"),
            *(f"--http-port={self.port}", f"--gevent-port={self.gevent_port}"),
            "--http-interface=127.0.0.1",
        ]
        return [str(part) for part in odoo.command(*arguments, *options)]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        return self.stack.odoo.environment(**{**self.stack.postgresql.env, **variables})

    def run(
        self,
        *arguments: str,
        variables: Mapping[str, str],
        text: str = "",
        load: str = "session_redis",
    ) -> subprocess.CompletedProcess[str]:
        """Run a process to its end."""
        return subprocess.run(
            self.command(*arguments, load=load),
            env=self.environment(variables),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    @contextlib.contextmanager
    def started(
        self, *arguments: str, variables: Mapping[str, str], load: str = "session_redis"
    ) -> Iterator["FrontEnd"]:
        if answers(self.port):
            # another program's server has taken it since the last start, and would answer us
            self.port, self.gevent_port = free_ports(self._preferred_port, 2)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command(*arguments, load=load),
                env=self.environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + 60
            while not answers(self.port):
                assert process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
            yield self
            assert process.poll() is None, self.log.read_text()
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def result(self) -> Any:
        """The result of a JSON-RPC call; None for an error."""
        return json.loads(self.text).get("result") if self.status == 200 else None

    @property
    def error(self) -> str:
        """The class of the exception that a JSON-RPC call ended with."""
        error = json.loads(self.text).get("error") if self.status == 200 else None
        return error["data"]["name"] if error else ""


@dataclass
class Client:
    """Keeps a cookie, and every id that it ever had."""

    database: str
    sid: str = ""
    sids: set[str] = field(default_factory=set)

    def ask(self, front_end: FrontEnd, path: str, params: Any = None) -> Answer:
        """POST a JSON-RPC call, or GET a path without params."""
        headers = {"Content-Type": "application/json"} if params is not None else {}
        if self.sid:
            headers["Cookie"] = f"session_id={self.sid}"
        body = None if params is None else json.dumps({"jsonrpc": "2.0", "params": params})
        connection = http.client.HTTPConnection("127.0.0.1", front_end.port, timeout=120)
        began = time.monotonic()
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        for value in response.headers.get_all("Set-Cookie") or ():
            if found := COOKIE.match(value):
                self.sid = urllib.parse.unquote(found[1])
                self.sids.add(self.sid)
        return Answer(response.status, dict(response.headers), text, time.monotonic() - began)

    def log_in(self, front_end: FrontEnd) -> Answer:
        params = {"db": self.database, "login": "admin", "password": "admin"}
        return self.ask(front_end, "/web/session/authenticate", params)

    def log_out(self, front_end: FrontEnd) -> Answer:
        return self.ask(front_end, "/web/session/destroy", {})

    def check(self, front_end: FrontEnd) -> Answer:
        """Ask for what only a logged-in user gets."""
        return self.ask(front_end, "/web/session/check", {})

    def write(self, front_end: FrontEnd) -> Answer:
        """Do work that is committed: the user's own record is written."""
        params = {
            "model": "res.users",
            "method": "write",
            "args": [[2], {"signature": "<p>mine</p>"}],
            "kwargs": {},
        }
        return self.ask(front_end, "/web/dataset/call_kw/res.users/write", params)


def sing(
    front_end: FrontEnd, directory: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a song of anthem, with the options of a front-end."""
    (directory / "song_of_repair.py").write_text("def main(ctx):\n    print('uid', ctx.env.uid)\n")
    python, _program, *options = front_end.command()
    environment = front_end.environment(variables)
    environment["PYTHONPATH"] += f":{directory}"
    return subprocess.run(
        [str(Path(python).parent / "anthem"), "song_of_repair::main", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
