"""``odoo session_redis migrate``: copy sessions into Redis before a server is switched to it.

Odoo 19.0 loads this file without the addon; 17.0 and 18.0 import the addon. So the addon is
imported only when the command runs. ``--addons-path`` must come before the command's name.
"""
# without the addon the file is not in a package
# pylint: disable=odoo-addons-relative-import

import argparse
import json
import os
import sys
import time

from odoo.cli import Command

DONE = os.EX_OK
WRONG = os.EX_CONFIG  # the settings are wrong; a server ends with the same status
LATER = os.EX_TEMPFAIL  # Redis does not respond; a later run may succeed
INCOMPLETE = 1  # some sessions were not copied, the output says how many


class SessionRedis(Command):
    """Copy the sessions of files, and of releases before 3.0, into Redis."""

    name = "session_redis"

    def run(self, args):
        """Print the report of a migration and exit with the status that ``--help`` lists."""
        options, rest = _parser().parse_known_args(args)
        from odoo.tools import config

        config.parse_config(["--no-http", *rest])

        from odoo.addons.cloud_base.exceptions import ConfigurationError
        from odoo.addons.session_redis.exceptions import SessionStoreUnavailable

        try:
            report = migrate(options)
        except ConfigurationError as error:
            _end(options, WRONG, str(error))
        except SessionStoreUnavailable:
            _end(options, LATER, "Redis does not answer, or refuses")
        else:
            status = DONE if report.ok else INCOMPLETE
            _end(options, status, str(report), report.as_dict())


def migrate(options):
    """Copy the sessions of files and old keys to Redis, and return the report.

    :raises ConfigurationError: if Redis is switched off or the folder does not exist
    :raises SessionStoreUnavailable: if Redis does not respond
    """
    from odoo.tools import config

    from odoo.addons.cloud_base.exceptions import ConfigurationError
    from odoo.addons.session_redis.migrate import Migration
    from odoo.addons.session_redis.session_store.store import RedisSessionStore
    from odoo.addons.session_redis.settings import RedisSettings

    settings = RedisSettings.read()
    if not settings.enabled:
        raise ConfigurationError(["ODOO_SESSION_REDIS: set it to 1, with the address of Redis"])
    path = options.path or os.path.join(config["data_dir"], "sessions")
    if not os.path.isdir(path):
        raise ConfigurationError([f"{path}: there is no such folder (--data-dir, --path)"])
    store = RedisSessionStore(settings)
    migration = Migration(store, options.dry_run, options.purge, _Progress())
    migration.copy_files(path)
    return migration.rename_old_keys()


def _parser():
    parser = argparse.ArgumentParser(
        prog="odoo [--addons-path=PATH,...] session_redis",
        description="Copy the sessions of the file store, and of releases of this addon before"
        " 3.0, into the Redis of ODOO_SESSION_REDIS_*. It may be run again: the later one of two"
        " forms wins. Options that are not listed here are Odoo's own, such as -c and --data-dir.",
        epilog=f"Exit status: {DONE} all is well, {WRONG} the configuration is wrong,"
        f" {LATER} Redis does not answer, {INCOMPLETE} a session was not read back as written.",
    )
    parser.add_argument("action", choices=["migrate"])
    parser.add_argument("--path", help="folder of the sessions (default: sessions in --data-dir)")
    parser.add_argument("--dry-run", action="store_true", help="only report, change nothing")
    parser.add_argument(
        "--purge",
        action="store_true",
        help="delete the files and old keys whose sessions are in Redis, and ended ones",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    return parser


class _Progress:
    """Prints a line every few seconds."""

    def __init__(self):
        self._began = self._told = time.monotonic()

    def __call__(self, report):
        now = time.monotonic()
        if now - self._told > 2:
            self._told = now
            rate = report.found / (now - self._began)
            sys.stderr.write(f"{report} ({rate:.0f} a second)\n")


def _end(options, status, text, answer=None):
    if options.json:
        text = json.dumps(answer or {"ok": False, "error": text})
    sys.stdout.write(text + "\n")
    sys.exit(status)
