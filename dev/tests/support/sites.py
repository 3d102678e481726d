"""A database with a server, a user who is logged in, and files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from dev.stack import Stack

from .front_end import Client, FrontEnd


def json_in(output: str) -> Any:
    """Return the answer in JSON of ``odoo cloud_platform``, which a log may precede."""
    return json.loads(output[re.search(r"^\{$", output, re.MULTILINE).start() :])


@dataclass
class Site:
    """The common part of the tests of installations, removals and migrations."""

    environment: ClassVar[str]
    load: ClassVar[str]

    stack: Stack
    name: str
    data: Path
    front_end: FrontEnd
    client: Client
    files: dict[int, str] = field(default_factory=dict)

    @property
    def variables(self) -> Mapping[str, str]:
        return {
            **self.stack.variables(self.name, self.environment),
            **self.stack.swift.env(),
            "SWIFT_WRITE_CONTAINER": f"{self.name}-odoo-{self.environment}",
        }

    def run(self, *arguments: str, text: str = "") -> str:
        done = self.front_end.run(*arguments, variables=self.variables, text=text, load=self.load)
        assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout[-6000:]
        return done.stdout

    def update(self) -> str:
        """Update every addon; return the log."""
        return self.run("-u", "all", "--stop-after-init", "--no-http")

    def platform(self, *arguments: str) -> str:
        """Run ``odoo cloud_platform`` with some arguments; return its output."""
        path = f"--addons-path={self.stack.odoo.addons_path}"
        return self.run(path, "cloud_platform", *arguments)

    def shows_all(self) -> bool:
        """Request a page as the user who is logged in, and each file."""
        answers = {
            number: self.client.ask(self.front_end, f"/web/content/{number}")
            for number in self.files
        }
        read = {number: answer.text for number, answer in answers.items()}
        return not self.client.check(self.front_end).error and read == self.files
