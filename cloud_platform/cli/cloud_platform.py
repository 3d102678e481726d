"""``odoo cloud_platform check|install|move|…``, for people, containers and Kubernetes.

Odoo 19.0 loads this file without the addon; 17.0 and 18.0 import the addon. So the addon is
imported when the command runs, and ``--addons-path`` must come before the command. The actions
are in ``commands/actions.py``.
"""
# Odoo 19.0 loads the file as a module without a package
# pylint: disable=odoo-addons-relative-import

import argparse
import json
import os
import sys
from typing import NamedTuple

from odoo.cli import Command

USAGE = os.EX_USAGE
INTERRUPTED = 130
MOST = 36_500  # days of a retention, hours and seconds
MOST_FILES = 10**9


class Action(NamedTuple):
    """The documentation of an action, and the options that it honours beside -d and --json."""

    task: str
    text: str
    example: str
    options: tuple[str, ...] = ()


SET_UP, FILES, COPIES, WATCH = "Set up and remove", "Files", "Copies of a database", "Watch"
ACTIONS = {
    "install": Action(
        SET_UP,
        "set the platform up and move the attachments to its store; may be repeated",
        "install -d acme",
        ("dry_run", "kind", "strict"),
    ),
    "uninstall": Action(
        SET_UP,
        "move the attachments back, so that the addons can be uninstalled",
        "uninstall -d acme --to file --dry-run",
        ("dry_run", "to"),
    ),
    "migrate": Action(
        SET_UP,
        "rename and remove what a database has of addons of releases before 3.0",
        "migrate -d acme --dry-run",
        ("dry_run",),
    ),
    "move": Action(
        FILES,
        "move the attachments to the present location",
        "move -d acme --limit 10000 --seconds 3600",
        ("dry_run", "limit", "own_keys", "seconds"),
    ),
    "reconcile": Action(
        FILES,
        "compare the stored files with the rows, and mark the files without a row",
        "reconcile -d acme --dry-run",
        ("dry_run", "margin_hours"),
    ),
    "collect": Action(
        FILES,
        "delete the stored files that no row has used since before the retention",
        "collect -d acme --days 30 --dry-run",
        ("dry_run", "days"),
    ),
    "fork": Action(
        COPIES,
        "make a copy of a database independent: it stores new files under its own keys",
        "fork -d acme --dry-run",
        ("dry_run", "kind"),
    ),
    "adopt": Action(
        COPIES,
        "let a copy of a database replace its original, which no longer exists",
        "adopt -d acme --dry-run",
        ("dry_run", "kind"),
    ),
    "check": Action(
        WATCH,
        "run every check; without -d only the checks of the environment",
        "check -d acme --json",
    ),
    "status": Action(
        WATCH,
        "show the state of services, checks, servers, files and sessions",
        "status -d acme --json",
        ("usage",),
    ),
}
STATUSES = f"""Exit status:
  0    the action was done
  {USAGE}   the command line is wrong
  {os.EX_NOINPUT}   install --strict: the platform is set up, some files could not be moved
  {os.EX_TEMPFAIL}   a service does not answer: try again later
  {os.EX_CONFIG}   the configuration or the data is wrong, the output says what
  {INTERRUPTED}  interrupted by Ctrl-C
  1    an unexpected error, see the log
"""


class CloudPlatform(Command):
    """Check, install and watch the cloud platform of a database."""

    name = "cloud_platform"

    def run(self, args):
        """Run an action, write its answer and end with its exit status."""
        is_json = "--json" in args
        if {"-h", "--help"} & set(args):
            sys.stdout.write(_help(next((word for word in args if word in ACTIONS), None)))
            sys.exit(0)
        try:
            options, rest = _parser().parse_known_args(args)
            _require_honoured(options)
            _configure(options, rest)
            # late: --addons-path is known now
            from odoo.addons.cloud_platform.commands import actions

            status, answer, text = actions.answer(options)
        except UsageError as error:
            _end(USAGE, str(error), is_json)
        except KeyboardInterrupt:
            reason = "interrupted: run the same command again to continue"
            _end(INTERRUPTED, reason, is_json)
        if "error" in answer:
            _end(status, text, options.json)
        sys.stdout.write((json.dumps(answer, indent=1) if options.json else text) + "\n")
        sys.exit(status)


class UsageError(Exception):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    """A parser that raises ``UsageError`` instead of ending the process with status 2."""

    def error(self, message):
        """Refuse the command line.

        :raises UsageError: always
        """
        raise UsageError(message)


def _require_honoured(options):
    if options.action is None:
        raise UsageError(f"cloud_platform: an action is needed: {', '.join(ACTIONS)}")
    command = f"cloud_platform {options.action}"
    if options.action != "check" and not options.database:
        raise UsageError(f"{command}: -d DATABASE is needed")
    known = {name for action in ACTIONS.values() for name in action.options}
    given = {name for name in known if getattr(options, name) not in (None, False)}
    if refused := given - set(ACTIONS[options.action].options):
        raise UsageError(f"{command}: does not have {_names(refused)}")
    if options.dry_run and (refused := given & {"limit", "seconds", "strict"}):
        raise UsageError(f"{command}: --dry-run does not accept {_names(refused)}")


def _names(options):
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(options))


def _end(status, reason, is_json):
    """End with one line for people, and with JSON for programs."""
    sys.stderr.write(f"{' '.join(reason.split())}\n")
    if is_json:
        sys.stdout.write(json.dumps({"ok": False, "error": reason}, indent=1) + "\n")
    sys.exit(status)


def _parser():
    parser = Parser(prog="odoo cloud_platform", add_help=False, allow_abbrev=False)
    parser.add_argument("action", nargs="?", choices=list(ACTIONS))
    parser.add_argument("-h", "--help", action="store_true", help="show this text")
    parser.add_argument("-d", "--database", help="name of the database")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--dry-run", action="store_true", help="report and change nothing")
    parser.add_argument("--kind", help="the platform, if several are installed")
    parser.add_argument(
        "--strict",
        action="store_true",
        help=f"end with status {os.EX_NOINPUT} if a file could not be moved",
    )
    parser.add_argument("--to", choices=["db", "file"], help="the new location (default: db)")
    files, positive = _between(1, MOST_FILES, int), _between(0, MOST)
    parser.add_argument("--limit", type=files, help="stop after this number of files")
    parser.add_argument("--seconds", type=positive, help="stop after this number of seconds")
    own_keys = "also move the objects under keys of other programs and of former releases"
    parser.add_argument("--own-keys", action="store_true", help=own_keys)
    parser.add_argument(
        "--margin-hours",
        type=positive,
        help="ignore younger files, which may get a row yet (default: 24)",
    )
    usage = "also show the bytes by model, company, type and age"
    parser.add_argument("--usage", action="store_true", help=usage)
    retention = "the retention, instead of ATTACHMENT_RETENTION_DAYS"
    parser.add_argument("--days", type=positive, help=retention)
    return parser


def _help(action):
    """Return the help of an action, or of all actions by task."""
    names = ["help", "database", "json"]
    if action:
        names += ACTIONS[action].options
        head = f"usage: odoo [--addons-path=PATH,...] cloud_platform {action} [option…]\n\n"
        text = f"{head}{ACTIONS[action].text}\n"
    else:
        text = "usage: odoo [--addons-path=PATH,...] cloud_platform ACTION [option…]\n"
        for task in (SET_UP, FILES, COPIES, WATCH):
            text += f"\n{task}:\n{_described(task)}"
    return f"{text}\n{_options(names)}\n{_example(action)}{STATUSES}"


def _described(task):
    return "".join(
        f"  {name:10} {action.text}\n{'':13}odoo cloud_platform {action.example}\n"
        for name, action in ACTIONS.items()
        if action.task == task
    )


def _options(names):
    lines = ["Options (all others are Odoo's own, for example -c):"]
    for option in _parser()._actions:
        if option.dest in names:
            lines.append(f"  {', '.join(option.option_strings):16} {option.help}")
    return "\n".join(lines) + "\n"


def _example(action):
    if action:
        return f"Example:\n  odoo cloud_platform {ACTIONS[action].example}\n\n"
    return "“odoo cloud_platform ACTION --help” lists the options of an action.\n\n"


def _between(least, most, kind=float):
    def number(text):
        value = kind(text)
        if not least <= value <= most:  # also refuses nan
            raise argparse.ArgumentTypeError(f"expects {least} to {most}, not {text!r}")
        return value

    return number


def _configure(options, rest):
    from odoo.service import server
    from odoo.tools import config

    def refuse(message):
        raise UsageError(f"cloud_platform {options.action}: {message}")

    config.parser.error = refuse
    database = ["-d", options.database] if options.database else []
    # 17.0 sets logging up in any case
    takes = config.parse_config.__code__.co_varnames
    logging = {"setup_logging": True} if "setup_logging" in takes else {}
    config.parse_config(["--no-http", *database, *rest], **logging)
    server.load_server_wide_modules()
