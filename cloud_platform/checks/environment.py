"""Checks of the environment as a whole."""

from odoo.addons.base_attachment_object_storage.settings import StorageSettings

from .check import ERROR, WARNING, Check
from .facts import ENVIRONMENTS, Facts
from .registry import register

SETTINGS = Check(
    id="settings",
    level=ERROR,
    message="%(mistake)s",
    broken=lambda facts: [{"mistake": mistake} for mistake in facts.mistakes],
)

RUNNING_ENVIRONMENT = Check(
    id="environment",
    level=ERROR,
    variable="RUNNING_ENV",
    message="The running environment '%(name)s' is unknown.",
    hint=f"RUNNING_ENV takes {', '.join(ENVIRONMENTS)}, or a name that begins with labs.",
    broken=lambda facts: not facts.environment and {"name": facts.environment_name},
)


def _logs_are_text(facts: Facts) -> bool:
    return "logging_json" not in facts.server_wide or not facts.flag("ODOO_LOGGING_JSON")


LOGGING = Check(
    id="logging-json",
    level=WARNING,
    variable="ODOO_LOGGING_JSON",
    message="The logs of a production or integration instance should be JSON.",
    hint="Add logging_json to --load and set ODOO_LOGGING_JSON=1.",
    broken=_logs_are_text,
    environments=frozenset({"prod", "integration"}),
)

STORAGE_DISABLED = Check(
    id="storage-disabled",
    level=WARNING,
    variable="DISABLE_ATTACHMENT_STORAGE",
    message="The attachment storage is switched off: its files cannot be read.",
    hint="Unset DISABLE_ATTACHMENT_STORAGE as soon as the storage works again.",
    broken=lambda facts: facts.flag("DISABLE_ATTACHMENT_STORAGE"),
    environments=frozenset({"prod", "integration", "labs"}),
)

register(
    "environment",
    [SETTINGS, RUNNING_ENVIRONMENT, LOGGING, STORAGE_DISABLED],
    settings=[StorageSettings],
)
