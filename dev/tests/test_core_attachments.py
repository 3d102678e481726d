"""Core's own tests of attachments, with the addons installed, at each location.

With local files all of them pass. The failures with a store are listed here, each with its
reason: a claim about a path, for which the suite makes the same claim about the object.
"""

import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.process import free_ports
from dev.settings import REPOSITORY
from dev.stack import Stack, project_of

ADDONS = Path(__file__).parent / "addons"
ADDON = "attachment_core_of_tests"
STARTED = re.compile(r"Starting (\w+\.\w+)")
FAILED = re.compile(r"(?:FAIL|ERROR): (?:Subtest )?(\w+\.\w+)")
RESULT = re.compile(r"\d+ failed, \d+ error\(s\) of [1-9]")


A_PATH = "expects the path of a local file"
A_LOCAL_FILE = "looks for a local file"
X_SENDFILE = "expects nginx to send a local file"
CLOCK = "moves the clock by a month, and S3 takes no signature of another time"

# failing test with a store -> the reason, and our test of the same behaviour with an object
STORED = {
    "TestIrAttachment.test_02_store_on_disk": (
        A_PATH,
        "test_a_new_attachment_is_an_object_before_it_is_a_row",
    ),
    "TestIrAttachment.test_04_keep_file": (
        A_LOCAL_FILE,
        "test_what_a_row_has_stays_and_loses_its_marks",
    ),
    "TestIrAttachment.test_05_change_data_change_file": (
        A_LOCAL_FILE,
        "test_writing_content_stores_the_new_and_marks_the_old",
    ),
    "TestIrAttachment.test_11_copy": (A_PATH, "test_a_copy_shares_the_object"),
    "TestIrAttachment.test_12_gc": (
        A_LOCAL_FILE,
        "test_what_no_row_has_is_deleted_with_its_marks",
    ),
    "TestIrAttachment.test_13_rollback": (
        A_LOCAL_FILE,
        "test_what_a_rolled_back_transaction_uploaded_is_marked",
    ),
    "TestPermissions.test_write_error": (
        "has no right to write a local file",
        "test_an_outage_is_an_error_and_never_an_empty_file",
    ),
    **{
        f"TestHttpStatic.{name}": (
            X_SENDFILE,
            "test_nginx_gets_the_url_in_a_header_of_its_own",
        )
        for name in (
            "test_static03_attachment_fallback",
            "test_static04_web_content",
            "test_static05_web_image",
            "test_static08_binary_field",
            "test_static08_binary_field_attach",  # its name on 17.0
            "test_static20_web_assets",
            "test_static21_web_assets",
        )
    },
}
ON_S3 = {
    "TestImage.test_05_web_image_access_token": (
        CLOCK,
        "test_access_rights_stay_those_of_odoo",
    ),
}
LISTED = {"s3": {**STORED, **ON_S3}, "swift": STORED}


class Runs:
    """A database, in which core's tests run at one location after the other."""

    def __init__(self, stack: Stack, database: str, data: Path) -> None:
        self.stack = stack
        self.database = database
        self.data = data
        project = project_of(database)
        self.variables = {
            **stack.variables(project, "test"),
            **stack.swift.env(),
            "SWIFT_WRITE_CONTAINER": f"{project}-odoo-test",
        }

    def run(self, location: str) -> tuple[set[str], set[str]]:
        """Return the names of the tests that failed, and of all."""
        self.stack.postgresql.query(
            self.database,
            "DELETE FROM ir_config_parameter WHERE key LIKE 'ir_attachment.%';"
            " INSERT INTO ir_config_parameter (key, value)"
            f" VALUES ('ir_attachment.location', '{location}'),"
            " ('ir_attachment.storage.force.database', '{}')",
        )
        odoo = self.stack.odoo
        ports = free_ports(18669, 2)
        command = odoo.command(
            *("-d", self.database, "-i", ADDON, "-u", ADDON, "--stop-after-init"),
            *("--test-enable", "--test-tags", f"/{ADDON}", "--max-cron-threads=0"),
            *("--addons-path", f"{odoo.addons_path},{ADDONS}", "--data-dir", self.data),
            *(f"--http-port={ports[0]}", f"--gevent-port={ports[1]}", "--without-demo=True"),
            *("--http-interface=127.0.0.1", "--log-level=warn", "--log-handler=odoo.tests:INFO"),
            f"--log-handler=odoo.addons.{ADDON}:INFO",
        )
        output = subprocess.run(
            [str(part) for part in command],
            env=odoo.environment(**self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        ).stdout
        assert RESULT.search(output), output[-4000:]
        return set(FAILED.findall(output)), set(STARTED.findall(output))


@pytest.fixture(scope="module")
def runs(stack: Stack) -> Iterator[Runs]:
    database = f"core_attachments_{uuid.uuid4().hex[:8]}"
    with stack.database(database, [], {}) as data:
        yield Runs(stack, database, data)


@pytest.fixture(scope="module")
def at_file(runs: Runs) -> tuple[set[str], set[str]]:
    return runs.run("file")


def test_core_s_tests_pass_with_local_files(at_file: tuple[set[str], set[str]]) -> None:
    failed, started = at_file
    assert failed == set()
    assert set(LISTED["swift"]) & started


@pytest.mark.parametrize("location", ["s3", "swift"])
def test_core_s_tests_fail_with_a_store_as_listed_and_nowhere_else(
    runs: Runs, at_file: tuple[set[str], set[str]], location: str
) -> None:
    failed, started = runs.run(location)
    assert started == at_file[1]
    # not every series has all of them
    assert failed == set(LISTED[location]) & started


def test_the_suite_says_of_objects_what_core_says_of_local_files() -> None:
    ours = {claim for listed in LISTED.values() for _reason, claim in listed.values()}
    tests = "".join(path.read_text() for path in REPOSITORY.glob("*attachment*/tests/**/*.py"))
    assert {claim for claim in ours if f"def {claim}(" not in tests} == set()
