"""A certificate for 127.0.0.1 that is its own authority, for servers behind TLS."""

from pathlib import Path

from ..console import run
from ..settings import child_environment

DAYS = 3650


class Certificate:
    """The files of a certificate in a folder; made once."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "certificate.pem"
        self.key = directory / "key.pem"
        self.authority = self.file

    def make(self) -> None:
        if self.file.exists():
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        unfinished = self.file.with_suffix(".new")
        run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(DAYS)),
                *("-subj", "/CN=localhost", "-addext", names),
                *("-keyout", self.key, "-out", unfinished),
            ],
            env=child_environment(),
        )
        unfinished.rename(self.file)
