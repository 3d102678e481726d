"""The output of development commands: steps with their time, and failures with their reason."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_started = time.monotonic()


class DevError(Exception):
    """A step failed; the message says which one and why."""


def say(text: str) -> None:
    print(f"[{time.monotonic() - _started:4.0f} s] {text}", flush=True)


def fail(error: DevError) -> int:
    print(f"\nFAILED: {error}", file=sys.stderr, flush=True)
    return 1


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show that a step begins; a failure inside is reported with the step's name."""
    say(text)
    try:
        yield
    except (DevError, OSError) as error:
        raise DevError(f"{text}\n{error}") from error


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Run a command to its end and return its output.

    :raises DevError: with the last lines of its output if it fails
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=env,
            cwd=cwd,
            input=stdin or "",  # never the terminal's
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise DevError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise DevError(f"{command[0]} ended with status {done.returncode}:\n{tail}")
    return done.stdout
