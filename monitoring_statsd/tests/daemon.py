"""The StatsD server of the tests, and the metrics that it has received."""

import re
import socket
import time

from odoo.addons.cloud_base.tests.services import service

# as Node.js shows an object: 'name': 1, or 'name': [ 1, 2, … 7 more items ]
COUNTER = re.compile(r"'([^']+)': (-?[\d.e+-]+)")
TIMER = re.compile(r"'([^']+)': \[([^\]]*)\]")
MORE = re.compile(r"\.\.\. (\d+) more items?")


class StatsdDaemon:
    def __init__(self, client=None):
        self._client = client or service("statsd")
        self.host = self._client["host"]
        self.port = self._client["port"]

    def counters(self, part=""):
        """Return the counters whose names have a part."""
        found = COUNTER.findall(self._asked("counters"))
        return {name: float(value) for name, value in found if part in name}

    def timers(self, part=""):
        """Return the number of values and the first values of each timer, in milliseconds."""
        return {
            name: self._values(values)
            for name, values in TIMER.findall(self._asked("timers"))
            if part in name
        }

    def wait_for(self, read, complete, seconds=60):
        """Return what ``read()`` gives as soon as it is complete, or at the end; UDP is late."""
        deadline = time.monotonic() + seconds
        while not complete(found := read()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    @staticmethod
    def _values(text):
        more = MORE.search(text)
        values = [float(value) for value in MORE.sub("", text).replace(",", " ").split()]
        return len(values) + (int(more[1]) if more else 0), values

    def _asked(self, command):
        address = (self.host, self._client["management_port"])
        answer = b""
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(f"{command}\n".encode())
            while not answer.endswith(b"END\n\n") and (part := connection.recv(65536)):
                answer += part
        return answer.decode()
