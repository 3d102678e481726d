"""Checks of the environment as a whole."""

import sys

from odoo.addons.base_attachment_object_storage.settings import StorageSettings
from odoo.addons.cloud_base.problem import problem_of

from .inputs import ENVIRONMENTS
from .registry import register
from .report import ERROR, WARNING, Check

SETTINGS = Check(
    id="settings",
    level=ERROR,
    message="A variable is wrong.",
    broken=lambda facts: [problem_of(mistake) for mistake in facts.mistakes],
)

RUNNING_ENVIRONMENT = Check(
    id="environment",
    level=ERROR,
    variable="RUNNING_ENV",
    message="The running environment '%(name)s' is unknown.",
    hint=f"RUNNING_ENV must be {', '.join(ENVIRONMENTS)}, or a name that begins with labs.",
    broken=lambda facts: not facts.environment and {"name": facts.environment_name},
)


LOGGING = Check(
    id="logging-json",
    level=WARNING,
    variable="ODOO_LOGGING_JSON",
    message="The log of a production or integration instance should be JSON, and is text.",
    hint="Add logging_json to --load and set ODOO_LOGGING_JSON=1.",
    # also where it is in --load and did not start
    broken=lambda facts: "logging_json" not in facts.active,
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


def _log_is_json() -> bool:
    # not imported: the platform works without it
    hooks = sys.modules.get("odoo.addons.logging_json.hooks")
    return bool(hooks and hooks.is_active())


register(
    "environment",
    [SETTINGS, RUNNING_ENVIRONMENT, STORAGE_DISABLED],
    settings=[StorageSettings],
)
register("logging_json", [LOGGING], active=_log_is_json)
