"""The variables of the suite with their values, without secrets, and their sources."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import SecretStr

from odoo.addons.cloud_base.settings import EnvironmentSettings

HIDDEN = "••••••"
ENVIRONMENT, DEFAULT = "environment", "default"
_PASSWORD_IN_URL = re.compile(r"(?<=://)[^/@\s]*@")


def settings_in_force() -> list[dict[str, Any]]:
    """Return each variable: its name, value, source, addon, and its mistake or an empty text."""
    rows: dict[str, dict[str, Any]] = {}
    for group in groups():
        given = group.given()
        mistakes = group.mistakes()
        for field in group.model_fields.values():
            if field.alias and field.alias not in rows:
                mistake = next((text for text in mistakes if field.alias in text), "")
                rows[field.alias] = {
                    "name": field.alias,
                    # a wrong value may be a secret that was set in the wrong variable
                    "value": HIDDEN if mistake and field.alias in given else _value(field, given),
                    "source": ENVIRONMENT if field.alias in given else DEFAULT,
                    "addon": group.__module__.split(".")[2],
                    "mistake": mistake,
                }
    return sorted(rows.values(), key=lambda row: (row["addon"], row["name"]))


def groups(
    parent: type[EnvironmentSettings] = EnvironmentSettings,
) -> Iterator[type[EnvironmentSettings]]:
    """Return the groups of variables of the addons that are imported."""
    for group in parent.__subclasses__():
        # not the groups that tests define
        if group.__module__.startswith("odoo.addons.") and ".tests." not in group.__module__:
            yield group
            yield from groups(group)


def _value(field: Any, given: dict[str, str]) -> str:
    value = given.get(field.alias, field.default)
    if value is None or value == "":
        return ""
    if _is_secret(field.annotation):
        return HIDDEN
    return _PASSWORD_IN_URL.sub(f"{HIDDEN}@", str(value))


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))
