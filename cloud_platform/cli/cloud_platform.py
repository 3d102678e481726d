"""``odoo cloud_platform check|install|move|…``, for people, containers and Kubernetes.

Odoo 19.0 loads this file by itself, without the addon; 17.0 and 18.0 import the addon. So the
addon is imported when the command runs, which ``--addons-path`` must come before.
"""
# loaded by itself it has no package
# pylint: disable=odoo-addons-relative-import

import argparse
import json
import os
import sys
from contextlib import closing, contextmanager

from odoo.cli import Command

DONE = os.EX_OK
WRONG = os.EX_CONFIG  # the configuration, as a server that ends for it
LATER = os.EX_TEMPFAIL  # a service does not answer: to try again may help
MOST = 36_500  # days of a retention, hours and seconds; no number that is not finite
INCOMPLETE = 1  # something was left undone, the output says what


class CloudPlatform(Command):
    """Check, install and watch the cloud platform of a database."""

    name = "cloud_platform"

    def run(self, args):
        options, rest = _parser().parse_known_args(args)
        if options.action != "check" and not options.database:
            sys.exit(f"cloud_platform {options.action}: -d DATABASE is needed")
        _configure(options, rest)
        status, answer, text = _answer(options)
        sys.stdout.write((json.dumps(answer, indent=1) if options.json else text) + "\n")
        sys.exit(status)


def _answer(options):
    from odoo.exceptions import UserError

    from odoo.addons.base_attachment_object_storage.store import StoreError, Unavailable
    from odoo.addons.cloud_settings.exceptions import ConfigurationError

    try:
        return ACTIONS[options.action](options)
    except (ConfigurationError, UserError) as error:
        status, reason = WRONG, str(error)
    except Unavailable as error:
        status, reason = LATER, str(error)
    except StoreError as error:
        status, reason = INCOMPLETE, str(error)
    return status, {"ok": False, "error": reason}, reason


def _parser():
    parser = argparse.ArgumentParser(
        prog="odoo [--addons-path=PATH,...] cloud_platform",
        description="Check, install and watch the cloud platform of a database."
        " Options that are not listed here are Odoo's own, as -c.",
        epilog=f"Exit status: {DONE} all is well, {WRONG} the configuration is wrong,"
        f" {LATER} a service does not answer, {INCOMPLETE} something was left undone.",
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
    parser.add_argument(
        "--kind", help="install, fork, adopt: the platform, where several are installed"
    )
    parser.add_argument(
        "--to", choices=["db", "file"], default="db", help="uninstall: where to (default: db)"
    )
    parser.add_argument("--limit", type=int, help="move: stop after so many files")
    parser.add_argument("--seconds", type=_number, help="move: stop after so many seconds")
    parser.add_argument(
        "--margin-hours",
        type=_number,
        help="reconcile: leave alone what is younger, for it may get a row yet (default: 24)",
    )
    parser.add_argument(
        "--days", type=_days, help="collect: the retention, instead of ATTACHMENT_RETENTION_DAYS"
    )
    return parser


def _number(text):
    number = float(text)
    if not abs(number) <= MOST:
        raise argparse.ArgumentTypeError(f"expects a number of at most {MOST}, not {text!r}")
    return number


def _days(text):
    days = _number(text)
    if days < 0:
        raise argparse.ArgumentTypeError(f"expects 0 to {MOST} days, not {text!r}")
    return days


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

    report = registry.run()
    if options.database:
        report += registry.run_for_database(options.database, probe=True, probe_writes=True)
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
        report = env["cloud.platform"].uninstall(options.to, dry_run=options.dry_run)
        env.cr.commit()
    left = report["attachments"].get("failed")
    return INCOMPLETE if left else DONE, report, _lines(report)


def migrate(options):
    from odoo import sql_db

    from odoo.addons.cloud_platform.former_suite import manifest_on_this_host, take_over

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
    return DONE, report, _lines(report)


def _print_progress(report):
    sys.stderr.write(f"{report}\n")


@contextmanager
def _environment(options):
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry

    with closing(Registry(options.database).cursor()) as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        if "cloud.platform" not in env:
            sys.exit(f"the addon cloud_platform is not installed in {options.database}")
        yield env
        # servers that run have parameters in their caches
        env.registry.signal_changes()


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
