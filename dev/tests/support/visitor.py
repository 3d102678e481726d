"""Visitors of containers: they log in, upload, download and open websockets."""

import base64
import http.client
import json
import os
import re
import socket
from typing import Any

from .machine import DATABASE, Machine

PDF = b"%PDF-1.4\n" + os.urandom(100_000)


class Visitor:
    """A browser that keeps its session, in front of nginx or of one server."""

    def __init__(self, address: str, port: int, sid: str = "", source: str = "") -> None:
        self.address = address
        self.port = port
        self.sid = sid
        self._source = (source, 0) if source else None

    def ask(
        self, path: str, params: Any = None, timeout: float = 60, **headers: str
    ) -> tuple[int, bytes]:
        """GET a path, or POST a call of JSON-RPC with ``params``."""
        if self.sid:
            headers["Cookie"] = f"session_id={self.sid}"
        body = None
        if params is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps({"jsonrpc": "2.0", "params": params})
        connection = http.client.HTTPConnection(
            self.address, self.port, timeout=timeout, source_address=self._source
        )
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            cookies = re.findall(r"session_id=([^;]+)", answer.headers.get("Set-Cookie", ""))
            self.sid = cookies[0] if cookies else self.sid
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_answered(self) -> bool:
        """Return True if the log-in page answers; a server that starts refuses connections."""
        try:
            return self.ask("/web/login")[0] == 200
        except OSError:
            return False

    def call(self, path: str, **params: Any) -> Any:
        status, body = self.ask(path, params)
        answer = json.loads(body)
        assert status == 200 and "result" in answer, answer
        return answer["result"]

    def log_in(self) -> None:
        user = self.call("/web/session/authenticate", db=DATABASE, login="admin", password="admin")
        assert user["uid"] == 2

    def upload(self, content: bytes) -> int:
        values = {"name": "file.pdf", "datas": base64.b64encode(content).decode()}
        kwargs: dict[str, Any] = {}
        return int(
            self.call(
                "/web/dataset/call_kw/ir.attachment/create",
                model="ir.attachment",
                method="create",
                args=[values],
                kwargs=kwargs,
            )
        )


def front_door(machine: Machine, name: str = "nginx") -> Visitor:
    (port,) = machine.published.values()
    return Visitor(machine.address(name), port)


def served_by(machine: Machine, request: str, name: str = "nginx") -> set[str]:
    """Return the servers that nginx had answer a request."""
    lines = (machine.directory / name / "access.log").read_text().splitlines()
    return {line.split()[-1] for line in lines if line.startswith(f"{request} 200 ")}


def check_front_ends(machine: Machine, servers: list[tuple[str, int]], door: str) -> None:
    """Log in through nginx on each server, and have the others know the session and the file."""
    visitors = [front_door(machine, door) for _turn in range(2 * len(servers))]
    for visitor in visitors:
        visitor.log_in()
    hosts = {f"{address}:{port}" for address, port in servers}
    assert served_by(machine, "POST /web/session/authenticate", door) == hosts
    for visitor, (address, port) in zip(visitors, servers, strict=False):
        attachment = Visitor(address, port, visitor.sid).upload(PDF)
        sql = f"SELECT store_fname FROM ir_attachment WHERE id = {attachment}"
        (stored,) = machine.stack.postgresql.query(DATABASE, sql)
        assert stored.startswith("s3://example-odoo-prod/")
        for place in servers:
            reader = Visitor(*place, visitor.sid)
            assert reader.ask(f"/web/content/{attachment}") == (200, PDF)


def opens_websocket(visitor: Visitor) -> bool:
    """Return True if a websocket is opened, which only the gevent port does."""
    with socket.create_connection((visitor.address, visitor.port), timeout=30) as connection:
        lines = (
            "GET /websocket HTTP/1.1",
            f"Host: {visitor.address}:{visitor.port}",
            f"Origin: http://{visitor.address}:{visitor.port}",
            f"Cookie: session_id={visitor.sid}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        )
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(64).startswith(b"HTTP/1.1 101 ")
