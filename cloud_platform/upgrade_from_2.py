"""Databases of the earlier suite: some of its addons have another name now, some are gone.

::

    take_over ── _rename     an installed addon gets its new name
            ├─── _remove     the rows of a removed addon are deleted, else Odoo logs errors
            └─── _keep_kind  the platform's kind

It is done by plain SQL and without a registry, before the first update, because the code of
these addons is not there any more. Called again, it finds nothing to do. The caller commits,
or rolls back a dry run.

The addons have these rows in a database: their row in ``ir_module_module`` with its dependencies
and exclusions, and in ``ir_model_data`` the ids of that row and of the models that they extend.
None of them has a table, column, view, menu or scheduled action.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .checks.inputs import KIND_PARAMETER, LOCATION_PARAMETER

RENAMED = {
    "cloud_platform_exoscale": "cloud_platform_s3",
    "cloud_platform_ovh": "cloud_platform_swift",
}
KINDS = {"exoscale": "s3", "ovh": "swift"}
# the replacement of each removed addon
REMOVED = {
    "cloud_platform_azure": "cloud_platform_s3 or cloud_platform_swift",
    "attachment_azure": "attachment_s3 or attachment_swift",
    "monitoring_log_requests": "logging_json, which logs every request",
    "monitoring_status": "cloud_platform, with /cloud_platform/live and /cloud_platform/ready",
}
AZURE = ("cloud_platform_azure", "attachment_azure")
INSTALLED = ("installed", "to upgrade", "to install", "to remove")


@dataclass
class TakeOver:
    """The report: ``left`` has addons that stay and the reasons, ``manifests`` files to edit."""

    renamed: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    left: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True if the database can be updated."""
        return not self.left and not self.manifests

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


def take_over(cursor: Any, manifest_of: Callable[[str], Any]) -> TakeOver:
    """Make a database of the earlier suite one of this suite; ``-u all`` is what comes next.

    :param manifest_of: returns the manifest of an addon, nothing for one without code
    """
    done = TakeOver()
    states = _states(cursor)
    for old, new in RENAMED.items():
        if old in states:
            _rename(cursor, old, new, states)
            done.renamed[old] = new
    for name in [name for name in REMOVED if name in states]:
        if reason := _reason_to_stay(cursor, name, manifest_of):
            done.left[name] = reason
        else:
            _delete_module(cursor, name)
            done.removed[name] = REMOVED[name]
    done.kind = _keep_kind(cursor)
    done.manifests = _manifests_with_old_names(states, manifest_of)
    return done


def _states(cursor: Any) -> dict[str, str]:
    cursor.execute("SELECT name, state FROM ir_module_module")
    return dict(cursor.fetchall())


def _rename(cursor: Any, old: str, new: str, states: dict[str, str]) -> None:
    """Rename an installed addon; delete the row of an addon that is not installed."""
    if states[old] not in INSTALLED or states.get(new) in INSTALLED:
        _delete_module(cursor, old)
        return
    _delete_module(cursor, new)  # Odoo may have listed it already
    cursor.execute(
        "UPDATE ir_module_module SET name = %s, state = 'installed' WHERE name = %s", [new, old]
    )
    cursor.execute("UPDATE ir_model_data SET module = %s WHERE module = %s", [new, old])
    cursor.execute(
        "UPDATE ir_model_data SET name = %s WHERE module = 'base' AND name = %s",
        [f"module_{new}", f"module_{old}"],
    )
    cursor.execute("UPDATE ir_module_module_dependency SET name = %s WHERE name = %s", [new, old])
    _delete_exclusions(cursor, old)


def _delete_module(cursor: Any, name: str) -> None:
    """Delete an addon's rows; the models that it extends are another addon's."""
    cursor.execute("DELETE FROM ir_model_data WHERE module = %s", [name])
    cursor.execute(
        "DELETE FROM ir_model_data WHERE module = 'base' AND name = %s", [f"module_{name}"]
    )
    cursor.execute("DELETE FROM ir_module_module_dependency WHERE name = %s", [name])
    _delete_exclusions(cursor, name)
    # its own dependencies and exclusions go with it
    cursor.execute("DELETE FROM ir_module_module WHERE name = %s", [name])


def _delete_exclusions(cursor: Any, name: str) -> None:
    cursor.execute("DELETE FROM ir_module_module_exclusion WHERE name = %s", [name])


def _reason_to_stay(cursor: Any, name: str, manifest_of: Callable[[str], Any]) -> str:
    if manifest_of(name):
        return "its code is on the addons path"
    if name in AZURE:
        cursor.execute("SELECT count(*) FROM ir_attachment WHERE store_fname LIKE 'azure://%'")
        (count,) = cursor.fetchone()
        if count or _parameter(cursor, LOCATION_PARAMETER) == "azure":
            return (
                f"{count} attachments are in azure://: with the former code, set"
                " ir_attachment.location to db and move them there by force_storage()"
            )
    return ""


def _keep_kind(cursor: Any) -> str:
    """Give the kind of platform its present name; return it."""
    kind = _parameter(cursor, KIND_PARAMETER)
    if kind in KINDS:
        cursor.execute(
            "UPDATE ir_config_parameter SET value = %s WHERE key = %s",
            [KINDS[kind], KIND_PARAMETER],
        )
    return KINDS.get(kind, kind)


def _parameter(cursor: Any, key: str) -> str:
    cursor.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [key])
    row = cursor.fetchone()
    return (row and row[0]) or ""


def _manifests_with_old_names(
    states: dict[str, str], manifest_of: Callable[[str], Any]
) -> dict[str, list[str]]:
    """Return the installed addons whose manifest depends on one that is renamed or gone."""
    former = {*RENAMED, *REMOVED}
    found = {}
    for name, state in sorted(states.items()):
        if state in INSTALLED and name not in former:
            depends = (manifest_of(name) or {}).get("depends", ())
            if names := sorted(dep for dep in depends if dep in former and not manifest_of(dep)):
                found[name] = names
    return found
