"""A separate deployment for the tests: database, two nodes and nginx, called ``e2e``."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.deployment_files import Container, compose
from support.machine import DATABASE, Machine

from dev.instance import Instance
from dev.process import free_ports
from dev.stack import Stack

NO_COOLDOWN = """
INSERT INTO ir_config_parameter (key, value) VALUES ('base.login_cooldown_after', '0')
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value
"""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    # the deployment's nodes run once a test has asked for them, and then take jobs of others
    asks = {item.module for item in items if "instance" in item.fixturenames}
    items.sort(key=lambda item: item.module in asks)


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
            stack.databases.template()
        instance.prepare()
        # tests fail to log in by the dozen, all from one address
        stack.postgresql.query(instance.name, NO_COOLDOWN)
        yield instance
        instance.remove()


@pytest.fixture(scope="session")
def instance(prepared: Instance) -> Instance:
    """The same with both nodes and nginx running."""
    prepared.start(preferred_port=28069)
    return prepared


@pytest.fixture(scope="session")
def image(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of the stack's series, which no container writes to."""
    directory = tmp_path_factory.mktemp("image")
    Machine(stack, directory, directory).build(stack.odoo.series)
    return directory


@pytest.fixture(scope="module")
def machine(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, image: Path
) -> Iterator[Machine]:
    """A machine on which nothing runs; the database is missing."""
    with stack.lock("lock-of-docker"):
        stack.postgresql.drop(DATABASE)
        machine = Machine(stack, tmp_path_factory.mktemp("docker"), image)
        yield machine
        machine.stop()
        stack.postgresql.drop(DATABASE)


@pytest.fixture(scope="module")
def values(stack: Stack) -> dict[str, str]:
    """The values that an operator writes into .env."""
    return {
        "ODOO_SERIES": stack.odoo.series,
        "PROJECT": "example",
        "DATABASE": DATABASE,
        "HTTP_PORT": str(free_ports(28180)[0]),
        "POSTGRES_PASSWORD": stack.postgresql.env["PGPASSWORD"],
        "REDIS_PASSWORD": os.urandom(8).hex(),
        "S3_PASSWORD": os.urandom(8).hex(),
        "HEALTH_TOKEN": os.urandom(8).hex(),
    }


@pytest.fixture(scope="module")
def services(machine: Machine, values: Mapping[str, str]) -> dict[str, Container]:
    """The containers of compose.yaml, none of which runs yet."""
    containers, whole = compose(values, machine.directory)
    (port,) = whole["services"]["nginx"]["ports"]
    machine.published = {port["target"]: int(port["published"])}
    return containers
