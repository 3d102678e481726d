"""Checks of the sessions in Redis: the rules R1 to R4, and those they left out."""

from odoo.addons.session_redis.settings import RedisSettings
from odoo.addons.session_redis.startup.conflicting_addons import READ_FILES

from .inputs import Facts, environment_of, named_environment
from .registry import register
from .report import ERROR, Check

SHARED = frozenset({"prod", "integration", "labs", "test"})

ADDRESSES = (
    "ODOO_SESSION_REDIS_HOST",
    "ODOO_SESSION_REDIS_SENTINEL_HOST",
    "ODOO_SESSION_REDIS_URL",
    "ODOO_SESSION_REDIS_SOCKET",
)
PREFIX = "ODOO_SESSION_REDIS_PREFIX"


def _prefix_without_structure(facts: Facts) -> dict[str, str] | None:
    prefix = facts.text(PREFIX)
    return {"prefix": prefix} if prefix and not named_environment(prefix) else None


def _prefix_of_another_environment(facts: Facts) -> dict[str, str] | None:
    prefix = facts.text(PREFIX)
    environment = named_environment(prefix)
    if not environment or environment_of(environment) == facts.environment:
        return None
    return {"prefix": prefix, "environment": facts.environment_name}


def _addons_that_read_files(facts: Facts) -> list[dict[str, str]]:
    if "session_redis" not in facts.active or not facts.database:
        return []
    names = facts.database.session_files
    return [{"addon": name, "instead": READ_FILES[name]} for name in names]


CHECKS = [
    Check(
        id="R1",
        level=ERROR,
        variable="ODOO_SESSION_REDIS",
        message="Redis must be activated on prod, integration, labs, test instances."
        " This is done by setting ODOO_SESSION_REDIS=1.",
        broken=lambda facts: not facts.flag("ODOO_SESSION_REDIS"),
        environments=SHARED,
    ),
    Check(
        id="R2",
        level=ERROR,
        variable="ODOO_SESSION_REDIS_HOST",
        message="ODOO_SESSION_REDIS_HOST or ODOO_SESSION_REDIS_SENTINEL_HOST or"
        " ODOO_SESSION_REDIS_URL environment variable is required to connect on Redis",
        broken=lambda facts: not facts.is_set(*ADDRESSES),
        environments=SHARED,
    ),
    Check(
        id="R3",
        level=ERROR,
        variable=PREFIX,
        message="ODOO_SESSION_REDIS_PREFIX environment variable is required to store sessions"
        " on Redis",
        broken=lambda facts: not facts.is_set(PREFIX),
        environments=SHARED,
    ),
    Check(
        id="R4",
        level=ERROR,
        variable=PREFIX,
        message="ODOO_SESSION_REDIS_PREFIX must match '<client>-odoo-<env>', we got: '%(prefix)s'",
        broken=_prefix_without_structure,
        environments=SHARED,
    ),
    Check(
        id="prefix-environment",
        level=ERROR,
        variable=PREFIX,
        message="ODOO_SESSION_REDIS_PREFIX '%(prefix)s' belongs to another environment"
        " than '%(environment)s'.",
        hint="Instances that share a Redis would share their sessions.",
        broken=_prefix_of_another_environment,
        environments=SHARED,
    ),
    Check(
        id="session-redis-loaded",
        level=ERROR,
        message="ODOO_SESSION_REDIS is set, but session_redis is not in --load, or did not start:"
        " sessions stay in local files.",
        hint="Add session_redis to --load (server_wide_modules) on every front-end.",
        broken=lambda facts: (
            facts.flag("ODOO_SESSION_REDIS") and "session_redis" not in facts.active
        ),
        environments=SHARED,
    ),
    Check(
        id="session-files",
        level=ERROR,
        message="The addon %(addon)s reads the files of sessions, which are in Redis: it would"
        " log out all users.",
        hint="Uninstall it; %(instead)s.",
        broken=_addons_that_read_files,
        needs_database=True,
    ),
]


def _is_active() -> bool:
    from odoo.addons.session_redis import hooks

    return bool(hooks.is_active())


register("session_redis", CHECKS, settings=[RedisSettings], active=_is_active)
