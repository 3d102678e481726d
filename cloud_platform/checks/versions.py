"""Addons of a database whose code on this host is of a later release.

A release of another second or third number may need columns that the database gets with its
update; a release of another last number needs no update::

    database    19.0.2.3.1  19.0.3.0.0  19.0.3.0.0
    code        19.0.3.0.0  19.0.3.0.2  19.0.3.1.0
                outdated                outdated
"""

import functools
from collections.abc import Iterator
from typing import Any

from odoo.modules.module import get_manifest, get_module_path

SUITE = (
    "attachment_s3",
    "attachment_swift",
    "base_attachment_object_storage",
    "cloud_platform",
    "cloud_platform_s3",
    "cloud_platform_swift",
    "session_redis",
)

# parts of a version: two of the series, two of the release
COUNTED = 4


def outdated_addons(cursor: Any) -> Iterator[str]:
    """Yield the addons of the suite that the database has installed in a former release."""
    cursor.execute(
        "SELECT name, latest_version FROM ir_module_module"
        " WHERE name = ANY(%s) AND state IN ('installed', 'to upgrade') ORDER BY name",
        [list(SUITE)],
    )
    for name, version in cursor.fetchall():
        if is_older(version or "", version_on_this_host(name)):
            yield name


def is_older(installed: str, code: str) -> bool:
    """Return True if a database with a version needs an update for the code of another."""
    return _numbers(installed) < _numbers(code)


@functools.cache
def version_on_this_host(name: str) -> str:
    """Return the version of an addon's code; an empty text without the addon."""
    return str(manifest_on_this_host(name).get("version", ""))


def manifest_on_this_host(name: str) -> Any:
    """Return the manifest of an addon; an empty one if no folder of this host has the addon."""
    return get_manifest(name) if get_module_path(name, display_warning=False) else {}


def _numbers(version: str) -> list[int]:
    parts = version.split(".")[:COUNTED]
    return [int(part) if part.isdigit() else 0 for part in parts]
