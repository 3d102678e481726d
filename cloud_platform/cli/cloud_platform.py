"""``odoo cloud_platform check|install|move|…``, for people, containers and Kubernetes.

Odoo 19.0 loads this file by itself, without the addon; 17.0 and 18.0 import the addon. So the
addon is imported when the command runs, which ``--addons-path`` must come before.
"""
# loaded by itself it has no package
# pylint: disable=odoo-addons-relative-import

import argparse
import json
import logging
import os
import sys
from contextlib import closing

from odoo.cli import Command

_logger = logging.getLogger(__name__)

DONE = os.EX_OK
WRONG = os.EX_CONFIG  # the configuration, as a server that ends for it
LATER = os.EX_TEMPFAIL  # a service does not answer: to try again may help
MOST = 36_500  # days of a retention, hours and seconds; no number that is not finite
MOST_FILES = 10**9
USAGE = os.EX_USAGE
INCOMPLETE = 1  # something was left undone, the output says what; or an unexpected error

# the options that an action honours, beside -d and --json; it refuses the others
HONOURED = {
    "check": (),
    "install": ("dry_run", "kind"),
    "uninstall": ("dry_run", "to"),
    "migrate": ("dry_run",),
    "move": ("dry_run", "limit", "seconds"),
    "fork": ("dry_run", "kind"),
    "adopt": ("dry_run", "kind"),
    "reconcile": ("dry_run", "margin_hours"),
    "collect": ("days",),
    "status": ("usage",),
}


class CloudPlatform(Command):
    """Check, install and watch the cloud platform of a database."""

    name = "cloud_platform"

    def run(self, args):
        try:
            options, rest = _parser().parse_known_args(args)
            _require_honoured(options)
        except UsageError as error:
            _end(USAGE, str(error), "--json" in args)
        _configure(options, rest)
        status, answer, text = _answer(options)
        if "error" in answer:
            _end(status, text, options.json)
        sys.stdout.write((json.dumps(answer, indent=1) if options.json else text) + "\n")
        sys.exit(status)


class UsageError(Exception):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message)


def _require_honoured(options):
    if options.action != "check" and not options.database:
        raise UsageError(f"cloud_platform {options.action}: -d DATABASE is needed")
    known = {name for names in HONOURED.values() for name in names}
    given = {name for name in known if getattr(options, name) not in (None, False)}
    if refused := sorted(given - set(HONOURED[options.action])):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in refused)
        raise UsageError(f"cloud_platform {options.action}: does not have {names}")


def _end(status, reason, is_json):
    """End with one line for people, and with JSON for programs."""
    sys.stderr.write(f"{' '.join(reason.split())}\n")
    if is_json:
        sys.stdout.write(json.dumps({"ok": False, "error": reason}, indent=1) + "\n")
    sys.exit(status)


def _answer(options):
    from odoo.exceptions import UserError

    from odoo.addons.base_attachment_object_storage.store import StoreError, Unavailable
    from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError

    try:
        return ACTIONS[options.action](options)
    except (Unavailable, UnreachableError) as error:
        status, reason = LATER, str(error)
    except (ConfigurationError, UserError, StoreError) as error:
        status, reason = WRONG, str(error)
    except Exception as error:
        _logger.exception("cloud_platform %s failed", options.action)
        status, reason = INCOMPLETE, f"unexpected error, see the log: {type(error).__name__}"
    return status, {"ok": False, "error": reason}, reason


def _parser():
    parser = Parser(
        prog="odoo [--addons-path=PATH,...] cloud_platform",
        description="Check, install and watch the cloud platform of a database."
        " Options that are not listed here are Odoo's own, as -c.",
        epilog=f"Exit status: {DONE} all is well, {WRONG} the configuration is wrong,"
        f" {LATER} a service does not answer, {USAGE} the command line is wrong,"
        f" {INCOMPLETE} something was left undone, or an unexpected error.",
    )
    actions = {
        "check": "run every check; without -d those of the environment",
        "install": "set the platform up, as env['cloud.platform'].install()",
        "uninstall": "move the attachments back, so that the addons can be uninstalled",
        "migrate": "rename and remove what a database has of addons of releases before 3.0",
        "move": "move the attachments to where they belong",
        "fork": "a copy of a database goes on by itself, with files of its own",
        "adopt": "a copy of a database takes the place of its original, which is gone for good",
        "reconcile": "compare the stored files with the rows, and mark those without a row",
        "collect": "delete the stored files that no row has used since before the retention",
        "status": "tell where the attachments and the sessions are",
    }
    described = "; ".join(f"{name}: {text}" for name, text in actions.items())
    parser.add_argument("action", choices=list(actions), help=described)
    parser.add_argument("-d", "--database", help="name of the database")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="install, uninstall, migrate, move, fork, adopt, reconcile: say what there is to do",
    )
    parser.add_argument("--kind", help="install, fork, adopt: which of the installed platforms")
    parser.add_argument("--to", choices=["db", "file"], help="uninstall: where to (default: db)")
    files, positive = _between(1, MOST_FILES, int), _between(0, MOST)
    parser.add_argument("--limit", type=files, help="move: stop after so many files")
    parser.add_argument("--seconds", type=positive, help="move: stop after so many seconds")
    parser.add_argument(
        "--margin-hours",
        type=_between(-MOST, MOST),
        help="reconcile: leave alone what is younger, for it may get a row yet (default: 24)",
    )
    parser.add_argument(
        "--usage", action="store_true", help="status: the bytes by model, company, type and age"
    )
    retention = "collect: the retention, instead of ATTACHMENT_RETENTION_DAYS"
    parser.add_argument("--days", type=positive, help=retention)
    return parser


def _between(least, most, kind=float):
    def number(text):
        value = kind(text)
        if not least <= value <= most:  # nor what is no number
            raise argparse.ArgumentTypeError(f"expects {least} to {most}, not {text!r}")
        return value

    return number


def _configure(options, rest):
    from odoo.service import server
    from odoo.tools import config

    database = ["-d", options.database] if options.database else []
    # 17.0 sets logging up in any case
    takes = config.parse_config.__code__.co_varnames
    logging = {"setup_logging": True} if "setup_logging" in takes else {}
    config.parse_config(["--no-http", *database, *rest], **logging)
    server.load_server_wide_modules()


def check(options):
    from odoo.addons.cloud_platform.checks import registry
    from odoo.addons.cloud_platform.checks.complete import report_of_database
    from odoo.addons.cloud_platform.commands.environment import require_services

    report = registry.run()
    require_services(options.database, report)
    if options.database:
        report += report_of_database(options.database, probe_writes=True)
    status = DONE if report.ok else WRONG
    if report.ok and any(finding.id == "store-unavailable" for finding in report.findings):
        status = LATER
    return status, report.as_dict(), str(report)


def install(options):
    with _environment(options) as env:
        report = env["cloud.platform"].install(options.kind, dry_run=options.dry_run)
        env.cr.commit()
    left = report.get("attachments", {}).get("failed")
    return INCOMPLETE if left else DONE, report, _lines(report)


def uninstall(options):
    with _environment(options) as env:
        report = env["cloud.platform"].uninstall(options.to or "db", dry_run=options.dry_run)
        env.cr.commit()
    left = report["attachments"].get("failed")
    return INCOMPLETE if left else DONE, report, _lines(report)


def migrate(options):
    from odoo import sql_db

    from odoo.addons.cloud_platform.postgresql import require
    from odoo.addons.cloud_platform.upgrade_from_2 import manifest_on_this_host, take_over

    require(options.database)
    # no registry: it would miss the code of the addons that this is about
    with closing(sql_db.db_connect(options.database).cursor()) as cursor:
        done = take_over(cursor, manifest_on_this_host)
        if not options.dry_run:
            cursor.commit()
    report = {**done.as_dict(), "dry_run": options.dry_run}
    return DONE if done.ok else INCOMPLETE, report, _lines(report)


def move(options):
    with _environment(options) as env:
        attachments = env["ir.attachment"].sudo()
        if options.dry_run:
            report = attachments._plan_move()
        else:
            moved = attachments._move(
                limit=options.limit, seconds=options.seconds, progress=_print_progress
            )
            env.cr.commit()
            report = moved.as_dict()
    return INCOMPLETE if report.get("failed") else DONE, report, _lines(report)


def fork(options):
    return _decide(options, "fork")


def adopt(options):
    return _decide(options, "adopt")


def _decide(options, what):
    with _environment(options) as env:
        report = getattr(env["cloud.platform"], what)(options.kind, dry_run=options.dry_run)
        env.cr.commit()
    return DONE, report, _lines(report)


def reconcile(options):
    margin = {} if options.margin_hours is None else {"margin_hours": options.margin_hours}
    with _environment(options) as env:
        report = env["ir.attachment"].sudo()._reconcile_store(dry_run=options.dry_run, **margin)
        env.cr.commit()
    left = report["missing"] or report["refused"]
    return INCOMPLETE if left else DONE, report, _lines(report)


def collect(options):
    with _environment(options) as env:
        report = env["ir.attachment.garbage"]._collect_garbage(options.days)
        env.cr.commit()
    left = report["failed"] or report["refused"]
    return INCOMPLETE if left else DONE, report, _lines(report)


def status(options):
    with _environment(options) as env:
        report = env["cloud.platform"].status()
        env.cr.commit()
    from odoo.addons.cloud_platform.status.summary import summary, usage

    return DONE, report, _lines(usage(report) if options.usage else summary(report))


def _print_progress(report):
    sys.stderr.write(f"{report}\n")


def _environment(options):
    from odoo.addons.cloud_platform.commands.environment import environment_of_command

    return environment_of_command(options.database)


def _lines(report, indent=""):
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
