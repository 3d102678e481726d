"""A deployment of its own for the tests: database, two nodes and nginx, called ``e2e``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from dev.instance import Instance
from dev.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The services, which ``dev/test`` has started."""
    return Stack()


@pytest.fixture(scope="session")
def prepared(stack: Stack) -> Iterator[Instance]:
    """A fresh database with the suite installed and set up; no node runs."""
    instance = Instance(stack, "e2e")
    with stack.lock("lock-of-e2e"):
        with stack.lock():
            instance.remove()
            instance.prepare()
        yield instance
        instance.remove()


@pytest.fixture(scope="session")
def instance(prepared: Instance) -> Instance:
    """The same with both nodes and nginx running."""
    prepared.start(preferred_port=28069)
    return prepared
