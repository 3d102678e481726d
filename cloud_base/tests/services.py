"""Servers beside the usual ones (TLS, clusters, old versions), where a test needs them.

``dev/test`` starts them and writes what a client needs to a JSON file, whose name is in
``CLOUD_TEST_SERVICES``: ``{"redis_tls": {"host": …, "port": …, "ca": …}, …}``.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any
from unittest import SkipTest

from pydantic import Field

from ..settings import EnvironmentSettings


class TestServices(EnvironmentSettings):
    path: Path | None = Field(default=None, alias="CLOUD_TEST_SERVICES")

    def service(self, name: str) -> dict[str, Any]:
        """Return what a client of a server needs, or skip the test."""
        services = _read(self.path) if self.path else {}
        if name not in services:
            raise SkipTest(f"no {name} server: run the tests with dev/test")
        return dict(services[name])


def service(name: str) -> dict[str, Any]:
    """Return what a client of the server ``name`` needs, or skip the test."""
    return TestServices.read().service(name)


@cache
def _read(path: Path) -> dict[str, Any]:
    services: dict[str, Any] = json.loads(path.read_text())
    return services
