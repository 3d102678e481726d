import json
import logging
import logging.handlers
import os
import subprocess
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from shutil import which
from unittest import SkipTest

from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name, tagged

from ..formatter import OdooJsonFormatter
from ..hooks import SYSLOG_LONGEST, fit_into_syslog
from ..schemas import SCHEMAS
from ..settings import LoggingSettings
from .programs import run_program

# with the defaults of a distribution: nothing of its limits is changed
RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
module(load="mmjsonparse")
template(name="fields" type="list") {{ property(name="$!all-json") constant(value="\\n") }}
input(type="imuxsock" Socket="{folder}/log")
if $programname == "odoo" then {{
  action(type="mmjsonparse" cookie="")
  if $parsesuccess == "OK" then action(type="omfile" file="{folder}/parsed.json" template="fields")
  else action(type="omfile" file="{folder}/unparsed.log")
  stop
}}
action(type="omfile" file="{folder}/unparsed.log")
"""

# a program that logs with core's options for outputs
PROGRAM = """
import logging, sys
import odoo
from odoo import netsvc
from odoo.tools import config
name, *options = sys.argv[1:]
config.parse_config(options)
netsvc.init_logger()
from odoo.addons.logging_json import hooks
hooks.post_load()
logging.getLogger(name).warning("hello %s", "world", extra={"more": 1})
"""


class Syslog:
    """A daemon with a separate socket, and the lines that it has parsed."""

    def __init__(self, case):
        daemon = which("rsyslogd", path=f"{os.defpath}:/usr/sbin:/sbin")
        if not daemon:
            raise SkipTest("no rsyslog server")
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        configuration = self.folder / "rsyslog.conf"
        configuration.write_text(RSYSLOG.format(folder=self.folder))
        self.socket = self.folder / "log"
        process = subprocess.Popen(
            [daemon, "-n", "-f", configuration, "-i", self.folder / "pid"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        case.addCleanup(process.wait)
        case.addCleanup(process.terminate)
        self.wait_for(self.socket.exists)

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)

    def lines(self, count):
        """Return the parsed lines, once there are so many, and those that are not JSON."""
        parsed, unparsed = self.folder / "parsed.json", self.folder / "unparsed.log"

        def read(path):
            return path.read_text().split("\n")[:-1] if path.exists() else []

        self.wait_for(lambda: len(read(parsed)) + len(read(unparsed)) >= count)
        return [json.loads(line) for line in read(parsed)], read(unparsed)


@tagged("-at_install", "post_install")
class TestOutputs(BaseCase):
    def syslog_logger(self, syslog, schema="default"):
        """Return a logger as ``--syslog`` has its handler, with JSON."""
        handler = logging.handlers.SysLogHandler(str(syslog.socket))
        self.addCleanup(handler.close)
        settings = LoggingSettings(ODOO_LOGGING_JSON="1", ODOO_LOGGING_JSON_SCHEMA=schema)
        fit_into_syslog(handler, settings)
        logger = logging.Logger("outputs")
        logger.addHandler(handler)
        return logger

    def test_syslog_gets_whole_lines_of_json_in_every_schema(self):
        for schema in SCHEMAS:
            syslog = Syslog(self)
            logger = self.syslog_logger(syslog, schema)
            logger.info("hello %s", "world")
            logger.warning('two\nlines: {"a": 1}, é, \u2028', extra={"dbname_of": "x"})
            logger.info("x" * 100_000)
            logger.info("é" * 100_000)
            logger.info("many", extra={f"field{number}": "y" * 900 for number in range(300)})
            try:
                raise ValueError("z" * 100_000)
            except ValueError:
                logger.exception("failed")
            parsed, unparsed = syslog.lines(6)
            self.assertEqual(unparsed, [])
            self.assertEqual(len(parsed), 6)
            body = "Body" if schema == "otel" else "message"
            self.assertEqual(parsed[0][body], "hello world")
            self.assertIn("[cut, 100000 characters]", parsed[2][body])
            self.assertEqual(parsed[5][body], "failed")

    def test_a_line_is_no_longer_than_it_may_be(self):
        formatter = OdooJsonFormatter(longest=4000)
        for text in ("short", "x" * 3990, "é" * 5000, "\U0001f600" * 5000, "\\" * 5000):
            for extra in ({}, {f"field{number}": text for number in range(50)}):
                record = logging.makeLogRecord({"msg": text, "levelno": logging.INFO, **extra})
                line = formatter.format(record)
                self.assertLessEqual(len(line), 4000)
                json.loads(line)
        self.assertLess(SYSLOG_LONGEST, 8192)

    def test_lines_in_the_database_are_core_s(self):
        name = f"outputs.{uuid.uuid4().hex}"
        database = get_db_name()
        options = ("--log-db", database, "--log-db-level=info", "--load=base,web,logging_json")
        done = run_program(PROGRAM, name, *options, ODOO_LOGGING_JSON="1")
        self.assertEqual(done.returncode, 0, done.stdout)
        last = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((last["message"], last["more"]), ("hello world", 1))
        with closing(db_connect(database).cursor()) as cursor:
            cursor.execute("SELECT level, message FROM ir_logging WHERE name = %s", [name])
            self.assertEqual(cursor.fetchall(), [("WARNING", "hello world")])
            cursor.execute("DELETE FROM ir_logging WHERE name = %s", [name])
            cursor.commit()
