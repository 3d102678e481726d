"""The actions of ``odoo cloud_platform``: each returns its exit status, answer and text."""

import logging
import os
import sys
from contextlib import closing
from typing import Any

import psycopg2

from odoo import sql_db
from odoo.exceptions import UserError

from odoo.addons.base_attachment_object_storage.store import StoreError, Unavailable
from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError

from ..checks import registry
from ..checks.complete import report_of_database
from ..checks.versions import manifest_on_this_host
from ..postgresql import require
from ..status.summary import summary, usage
from ..upgrade_from_2 import take_over
from .environment import environment_of_command, require_services
from .progress import progress

_logger = logging.getLogger(__name__)

DONE = os.EX_OK
UNMOVED = os.EX_NOINPUT  # install --strict: set up, but some files could not be moved
WRONG = os.EX_CONFIG  # also the status of a server whose configuration is wrong
LATER = os.EX_TEMPFAIL  # a service does not answer: try again later
UNEXPECTED = 1

Answer = tuple[int, dict[str, Any], str]


def answer(options: Any) -> Answer:
    """Run an action; an answer with ``error`` means that it was not done."""
    try:
        return ACTIONS[options.action](options)
    except (Unavailable, UnreachableError) as error:
        status, reason = LATER, str(error)
    except (ConfigurationError, UserError, StoreError) as error:
        status, reason = WRONG, str(error)
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        _logger.warning("cloud_platform %s lost PostgreSQL", options.action, exc_info=True)
        status, reason = LATER, f"PostgreSQL does not answer for the database {options.database}"
    except Exception as error:
        _logger.exception("cloud_platform %s failed", options.action)
        status, reason = UNEXPECTED, f"unexpected error, see the log: {type(error).__name__}"
    return status, {"ok": False, "error": reason}, reason


def check(options: Any) -> Answer:
    """Run the checks of the environment, and of a database if one is given."""
    report = registry.run()
    require_services(options.database, report)
    if options.database:
        report += report_of_database(options.database, probe_writes=True)
    status = DONE if report.ok else WRONG
    if report.ok and any(finding.id == "store-unavailable" for finding in report.findings):
        status = LATER
    return status, report.as_dict(), str(report)


def install(options: Any) -> Answer:
    """Set the platform up; files that cannot be moved are a warning."""
    with environment_of_command(options.database) as env, progress("install") as shown:
        platform = env["cloud.platform"].with_context(move_progress=shown)
        report = platform.install(options.kind, dry_run=options.dry_run)
        env.cr.commit()
    unmoved = report.get("attachments", {}).get("failed", ())
    if unmoved:
        _warn_of_unmoved(unmoved)
    return UNMOVED if unmoved and options.strict else DONE, report, _lines(report)


def _warn_of_unmoved(unmoved: Any) -> None:
    """Write the files that could not be moved: they stay where they are."""
    sys.stderr.write(f"warning: the platform is set up, {len(unmoved)} files were not moved:\n")
    for number, reason in unmoved:
        sys.stderr.write(f"  attachment {number}: {reason}\n")


def uninstall(options: Any) -> Answer:
    """Move every attachment back to the database or to local files."""
    with environment_of_command(options.database) as env, progress("uninstall") as shown:
        platform = env["cloud.platform"].with_context(move_progress=shown)
        report = platform.uninstall(options.to or "db", dry_run=options.dry_run)
        env.cr.commit()
    return WRONG if report["attachments"].get("failed") else DONE, report, _lines(report)


def migrate(options: Any) -> Answer:
    """Rename and remove the rows of addons of releases before 3.0, by SQL."""
    require(options.database)
    # a registry would miss the code of the former addons
    with closing(sql_db.db_connect(options.database).cursor()) as cursor:
        done = take_over(cursor, manifest_on_this_host)
        if not options.dry_run:
            cursor.commit()
    report = {**done.as_dict(), "dry_run": options.dry_run}
    return DONE if done.ok else WRONG, report, _lines(report)


def move(options: Any) -> Answer:
    """Move the attachments to the present location."""
    with environment_of_command(options.database) as env, progress("move") as shown:
        attachments = env["ir.attachment"].sudo().with_context(move_other_keys=options.own_keys)
        if options.dry_run:
            report = {**attachments._plan_move(), "dry_run": True}
        else:
            limits = {"limit": options.limit, "seconds": options.seconds}
            report = attachments._move(**limits, progress=shown).as_dict()
            env.cr.commit()
    return WRONG if report.get("failed") else DONE, report, _lines(report)


def fork(options: Any) -> Answer:
    """Make a copy of a database independent."""
    return _decide(options, "fork")


def adopt(options: Any) -> Answer:
    """Make a copy of a database the successor of its original."""
    return _decide(options, "adopt")


def _decide(options: Any, what: str) -> Answer:
    with environment_of_command(options.database) as env:
        report = getattr(env["cloud.platform"], what)(options.kind, dry_run=options.dry_run)
        env.cr.commit()
    return DONE, report, _lines(report)


def reconcile(options: Any) -> Answer:
    """Compare the stored objects with the rows; rows without an object are wrong."""
    margin = {} if options.margin_hours is None else {"margin_hours": options.margin_hours}
    with environment_of_command(options.database) as env, progress("reconcile") as shown:
        attachments = env["ir.attachment"].sudo().with_context(reconcile_progress=shown)
        report = attachments._reconcile_store(dry_run=options.dry_run, **margin)
        env.cr.commit()
    report["dry_run"] = options.dry_run
    return _status_of_objects(report, report["missing"]), report, _lines(report)


def collect(options: Any) -> Answer:
    """Delete the objects that no row has used since before the retention."""
    with environment_of_command(options.database) as env, progress("collect") as shown:
        garbage = env["ir.attachment.garbage"].with_context(collection_progress=shown)
        report = garbage._collect_garbage(options.days, dry_run=options.dry_run)
        env.cr.commit()
    report["dry_run"] = options.dry_run
    return _status_of_objects(report, report["failed"]), report, _lines(report)


def _status_of_objects(report: dict[str, Any], wrong: Any) -> int:
    if report["unavailable"]:
        return LATER
    return WRONG if wrong or report["refused"] else DONE


def status(options: Any) -> Answer:
    """Return the status document."""
    with environment_of_command(options.database) as env:
        report = env["cloud.platform"].status()
        env.cr.commit()
    return DONE, report, _lines(usage(report) if options.usage else summary(report))


def _lines(report: dict[str, Any], indent: str = "") -> str:
    lines = []
    for key, value in report.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", _lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{key}:", *(f"{indent}  - {entry}" for entry in value)]
        else:
            lines.append(f"{indent}{key}: {value}")
    return "\n".join(line for line in lines if line)


ACTIONS = {
    action.__name__: action
    for action in (
        *(check, install, uninstall, migrate, move),
        *(fork, adopt, reconcile, collect, status),
    )
}
