"""``dev/test [--coverage] [ADDON[:CLASS[.METHOD]]…] [end-to-end[:FILE[::TEST]]…]``: all or some.

All of them run on real services.

Two runners do the work: Odoo's own for the addons, on a fresh database; pytest for the tests with
whole servers (``dev/tests``: two nodes and a browser, starts that are refused) and for the
repository itself, in groups of files that run at the same time. With ``--coverage`` the first
runner measures the addons; if these are all of them, the result must reach the floor in
``pyproject.toml``.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import settings
from ..console import DevError, say, step
from ..coverage import Coverage
from ..environments import REQUIREMENTS, VirtualEnvironment
from ..manifests import manifests
from ..process import free_ports
from ..settings import REPOSITORY, child_environment
from ..stack import Stack, check_state_directory, project_of, tool_python
from ..test_groups import TESTS, groups

END_TO_END = "end-to-end"
COVERAGE = "--coverage"
# processes with tests; each one waits for its servers half of the time, on at least two cores
AT_ONCE = 3

RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
MODULE = re.compile(r"odoo\.tests\.stats: (\w+): (\d+) tests")
# the name of a test that failed, as each of the two runners prints it
FAILED_IN_ODOO = re.compile(r"odoo\.addons\.(\w+)\.tests\.\S+: (?:FAIL|ERROR): (\S+)")
FAILED_IN_PYTEST = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - |$)", re.MULTILINE)
SKIPPED = re.compile(r"odoo\.addons\.(\S+): skipped (.*)")
NO_SERVICE = re.compile(r" : no .* server", re.IGNORECASE)


@dataclass
class Outcome:
    """The counts of a runner, and the names of the tests that failed.

    ``complaints`` are failures outside of any test.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    complaints: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.complaints + other.complaints,
            self.failures + other.failures,
        )


def main(arguments: list[str]) -> int:
    addons = list(manifests())
    measured = COVERAGE in arguments
    chosen = [name for name in arguments if name != COVERAGE] or [*addons, END_TO_END]
    names = {argument.partition(":")[0] for argument in chosen}
    unknown = names - {*addons, END_TO_END}
    if unknown:
        raise DevError(
            f"no such addon: {', '.join(sorted(unknown))} (there are {', '.join(addons)})"
        )
    modules = [name for name in addons if name in names]
    tags = [f"/{name}" for name in chosen if not name.startswith(END_TO_END)]
    files = [name.partition(":")[2] for name in chosen if name.startswith(f"{END_TO_END}:")]
    stack = Stack()
    check_state_directory(stack.state)
    runs: list[Callable[[], Outcome]] = []
    if modules:
        runs.append(partial(run_odoo, stack, modules, tags, measured))
    if END_TO_END in names:
        found = groups()
        directory = stack.state / "install" / "venv-end-to-end"
        venv = VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "end-to-end.txt"])
        venv.install()
        if files:
            runs.append(partial(run_pytest, venv.python, files, ", ".join(files)))
        else:
            grouped = [
                partial(run_pytest, venv.python, names, f"{group} ({number} of {len(found)})")
                for number, (group, names) in enumerate(found.items(), 1)
            ]
            # the longest group and the tests of the addons begin at once
            runs = [*grouped[:1], *runs, *grouped[1:]]
    browser = ["chromium"] if END_TO_END in names else []
    with stack.in_use(*browser, for_tests=True), ThreadPoolExecutor(AT_ONCE) as threads:
        outcomes = list(threads.map(lambda run: run(), runs))
    return conclude(sum(outcomes, Outcome()))


def run_odoo(
    stack: Stack, modules: Sequence[str], tags: Sequence[str], measured: bool = False
) -> Outcome:
    """Run the addons' tests in Odoo's runner, on a database that is dropped afterwards.

    :param tags: the tests, as ``--test-tags`` has them
    :param measured: whether the coverage of the addons is measured
    """
    database = f"suite_{os.getpid()}"
    variables = test_variables(stack, project_of(database))
    with stack.database(database, [], variables) as data:
        command = stack.odoo.command(*odoo_arguments(stack, database, modules, tags, data))
        environment = stack.odoo.environment(**variables)
        coverage = Coverage(stack.odoo.venv.python, data, modules) if measured else None
        if coverage:
            coverage.install()
            command, environment = coverage.command(command), coverage.environment(environment)
        with step(f"Testing {', '.join(modules)} on Odoo {stack.odoo.series}"):
            status, output = follow(command, environment)
        absent = sorted(set(modules) - stack.databases.installed(database))
        outcome = judge_odoo(modules, absent, status, output)
        if coverage:
            complaints = coverage.report(environment)
            if set(tags) == {f"/{name}" for name in manifests()}:
                outcome += Outcome(complaints=tuple(complaints))
    return outcome


def odoo_arguments(
    stack: Stack, database: str, modules: Sequence[str], tags: Sequence[str], data: Path
) -> list[str]:
    http_port, gevent_port = free_ports(18069, 2)
    return [
        *("-d", database, "-i", ",".join(modules), "--stop-after-init", "--test-enable"),
        *("--test-tags", ",".join(tags)),
        *("--addons-path", stack.odoo.addons_path, "--data-dir", str(data)),
        *(
            f"--http-port={http_port}",
            f"--gevent-port={gevent_port}",
            "--http-interface=127.0.0.1",
        ),
        *("--without-demo=True", "--max-cron-threads=0", "--log-level=warn"),
        # the process also holds the clients and the servers that tests make, by the hundred
        "--limit-memory-hard=0",
        *("--log-handler=odoo.tests:INFO", "--log-handler=odoo.service.server:WARNING"),
        *(f"--log-handler=odoo.addons.{module}.tests:INFO" for module in modules),
    ]


def test_variables(stack: Stack, project: str) -> dict[str, str]:
    """Return the environment of the tests."""
    variables = {
        **stack.variables(project, "test"),
        **stack.swift.env(),
        "SWIFT_WRITE_CONTAINER": f"{project}-odoo-test",
        "CLOUD_TEST_SERVICES": str(stack.test_services),
    }
    # the store is switched on by the tests that are about it
    del variables["ODOO_SESSION_REDIS"]
    return variables


def judge_odoo(
    modules: Sequence[str], absent: Sequence[str], status: int, output: Sequence[str]
) -> Outcome:
    text = "\n".join(output)
    complaints = [f"{name} was not installed" for name in absent]
    results = RESULT.findall(text)
    failures, errors, total = map(int, results[-1]) if results else (0, 0, 0)
    counts = {name: int(count) for name, count in MODULE.findall(text)}
    complaints += [
        f"{name}: no test ran"
        for name in modules
        if not counts.get(name) and (REPOSITORY / name / "tests").exists()
    ]
    skips = SKIPPED.findall(text)
    complaints += [f"{name}: {what}" for name, what in skips if NO_SERVICE.search(what)]
    if total == 0:
        complaints.append("zero tests ran")
    if status and not failures + errors:
        complaints.append(f"Odoo ended with status {status}")
    failed = failures + errors
    names = tuple(dict.fromkeys(":".join(match) for match in FAILED_IN_ODOO.findall(text)))
    passed = max(total - failed - len(skips), 0)
    return Outcome(passed, failed, len(skips), tuple(complaints), names)


def run_pytest(python: Path, names: Sequence[str], title: str) -> Outcome:
    """Run a part of ``dev/tests`` in a separate process and environment.

    :param names: files, with ``::`` tests of them
    """
    command: list[str | Path] = [
        *(python, "-m", "pytest", "-p", "no:cacheprovider"),
        *("--durations=15", "--durations-min=5"),
        *(TESTS / name for name in names),
    ]
    with step(f"Testing whole servers and the repository: {title}"):
        status, output = follow(command, child_environment(**settings.chosen()))
    say(f"Tested: {title}")
    counts = {
        word: int(number)
        for number, word in re.findall(r"(\d+) (\w+)", output[-1] if output else "")
    }
    passed, skipped = counts.get("passed", 0), counts.get("skipped", 0)
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    complaints = [] if passed else ["zero end-to-end tests passed"]
    if status and not failed:
        complaints.append(f"pytest ended with status {status}")
    names = tuple(FAILED_IN_PYTEST.findall("\n".join(output)))
    return Outcome(passed, failed, skipped, tuple(complaints), names)


def follow(command: Sequence[str | Path], env: Mapping[str, str]) -> tuple[int, list[str]]:
    """Run a command, show its output at once, and return its status and lines."""
    lines = []
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
        errors="replace",
    )
    for line in process.stdout or ():
        print(line, end="", flush=True)
        lines.append(line.rstrip("\n"))
    return process.wait(), [line for line in lines if line]


def conclude(outcome: Outcome) -> int:
    say("Tests ended")
    # last: the three groups that run at the same time mix their output
    for name in (*outcome.failures, *outcome.complaints):
        print(f"FAILED: {name}", flush=True)
    failed = outcome.failed + len(outcome.complaints)
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    print(f"{outcome.passed} passed, {failed} failed{skipped}", flush=True)
    return 1 if failed or not outcome.passed else 0
