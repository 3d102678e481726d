"""The variables that the development commands read."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def state_directory() -> Path:
    """Return the one folder that everything is installed and run in (``CLOUD_DEV_STATE``)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    chosen = os.environ.get("CLOUD_DEV_STATE")
    return Path(chosen).absolute() if chosen else cache / "odoo-cloud-platform"


def odoo_source() -> Path | None:
    """Return the Odoo source tree to use instead of Debian's package (``ODOO_SOURCE``)."""
    source = os.environ.get("ODOO_SOURCE")
    return Path(source).absolute() if source else None


def chosen_python() -> str | None:
    """Return the Python that runs Odoo, where one was chosen (``PYTHON``)."""
    return os.environ.get("PYTHON") or None


def chosen() -> dict[str, str]:
    """Return the chosen variables, for a child process that must use the same."""
    names = ("CLOUD_DEV_STATE", "ODOO_SOURCE", "PYTHON", "XDG_CACHE_HOME")
    return {name: os.environ[name] for name in names if name in os.environ}


def pyenv_root() -> Path | None:
    root = os.environ.get("PYENV_ROOT")
    return Path(root) if root else None


def child_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a child: the caller's, less what would leak into Odoo.

    Variables of the suite in the caller's environment must not choose the services of the
    demonstration or of the tests.
    """
    foreign = (
        "AWS_",
        "ODOO_",
        "SWIFT_",
        "STATSD_",
        "PROMETHEUS_",
        "CLOUD_TEST_",
        "PG",
        "PYTHON",
        "RUNNING_ENV",
        "DISABLE_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **variables}
