import itertools
import json

from odoo.tests import BaseCase

from ..checks import ERROR, Check, Database, Facts, Report, register, registry as checks_registry
from ..checks.registry import import_checks, judge

RIGHT = {
    "ODOO_SESSION_REDIS": "1",
    "ODOO_SESSION_REDIS_HOST": "redis",
    "ODOO_SESSION_REDIS_PREFIX": "acme-odoo-prod",
}
ADDRESSES = [
    {},
    {"ODOO_SESSION_REDIS_HOST": ""},
    {"ODOO_SESSION_REDIS_HOST": "redis"},
    {"ODOO_SESSION_REDIS_SENTINEL_HOST": "sentinel"},
    {"ODOO_SESSION_REDIS_URL": "redis://redis"},
]
PREFIXES = {
    None: None,
    "": None,
    "acme": "wrong",
    "acme-odoo-": "wrong",
    "x/acme-odoo-prod": "wrong",
    "ACME-odoo-prod": "wrong",
    "acme-odoo-prod": "prod",
    "acme-odoo-prodigy": "prodigy",
    "acme-odoo-integration": "integration",
    "acme-odoo-labs-finance": "labs",
    "acme-odoo-test": "test",
    "acme-odoo-dev": "dev",
}
SWITCHES = {None: False, "": False, "0": False, "no": False, "1": True, "true": True, "x": False}


def facts(environment="prod", variables=None, **values):
    values.setdefault("server_wide", frozenset({"session_redis", "logging_json"}))
    values.setdefault("active", frozenset({"session_redis", "logging_json"}))
    given = RIGHT if variables is None else variables
    given = {name: value for name, value in given.items() if value is not None}
    return Facts(environment_name=environment, variables=given, **values)


def ids(report):
    return sorted(finding.id for finding in report.findings)


class TestChecks(BaseCase):
    def setUp(self):
        super().setUp()
        import_checks(None)

    def test_addon_that_reads_session_files_is_an_error_where_they_are_in_redis(self):
        database = Database(
            "acme", {"cloud.platform.kind": "s3"}, session_files=("auth_session_timeout",)
        )
        [found] = [
            finding
            for finding in judge(facts("dev", database=database)).findings
            if finding.id == "session-files"
        ]
        self.assertIn("auth_session_timeout", found.message)
        in_files = judge(facts("dev", active=frozenset(), database=database))
        self.assertNotIn("session-files", ids(in_files))

    def test_every_combination_of_the_session_s_variables_gives_exactly_its_messages(self):
        environments = ("prod", "integration", "labs", "labs-finance", "test", "dev")
        active = (frozenset({"logging_json"}), frozenset({"logging_json", "session_redis"}))
        for environment, switch, address, prefix, running in itertools.product(
            environments, SWITCHES, ADDRESSES, PREFIXES, active
        ):
            variables = {
                "ODOO_SESSION_REDIS": switch,
                **address,
                "ODOO_SESSION_REDIS_PREFIX": prefix,
            }
            expected = []
            if environment != "dev":
                kind = PREFIXES[prefix]
                expected += [] if SWITCHES[switch] else ["R1"]
                expected += [] if any(address.values()) else ["R2"]
                expected += [] if prefix else ["R3"]
                expected += ["R4"] if kind == "wrong" else []
                same = environment.split("-")[0] == kind
                expected += [] if kind in (None, "wrong") or same else ["prefix-environment"]
                expected += (
                    ["session-redis-loaded"] if SWITCHES[switch] and len(running) == 1 else []
                )
            with self.subTest(environment=environment, variables=variables):
                report = judge(facts(environment, variables, active=running))
                self.assertEqual(ids(report), sorted(expected))

    def test_the_known_messages(self):
        found = {finding.id: finding.message for finding in judge(facts(variables={})).findings}
        self.assertEqual(
            found["R1"],
            "Redis must be activated on prod, integration, labs, test instances."
            " This is done by setting ODOO_SESSION_REDIS=1.",
        )
        self.assertEqual(
            found["R3"],
            "ODOO_SESSION_REDIS_PREFIX environment variable is required to store sessions"
            " on Redis",
        )
        wrong = facts(variables={**RIGHT, "ODOO_SESSION_REDIS_PREFIX": "acme"})
        self.assertIn(
            "ODOO_SESSION_REDIS_PREFIX must match '<client>-odoo-<env>', we got: 'acme'",
            str(judge(wrong)),
        )

    def test_an_unknown_environment_is_an_error(self):
        for name in ("", "production", "Prod", "staging"):
            report = judge(facts(name))
            self.assertEqual(ids(report), ["environment"])
            self.assertFalse(report.ok)

    def test_text_logs_of_production_are_a_warning(self):
        for environment in ("prod", "integration"):
            prefix = {"ODOO_SESSION_REDIS_PREFIX": f"acme-odoo-{environment}"}
            # the variable alone does not make it JSON
            variables = RIGHT | prefix | {"ODOO_LOGGING_JSON": "1"}
            report = judge(facts(environment, variables, active=frozenset({"session_redis"})))
            self.assertEqual(ids(report), ["logging-json"])
            self.assertTrue(report.ok)

    def test_a_storage_that_is_switched_off_is_a_warning(self):
        variables = {**RIGHT, "DISABLE_ATTACHMENT_STORAGE": "1"}
        report = judge(facts(variables=variables))
        self.assertEqual(ids(report), ["storage-disabled"])
        self.assertTrue(report.ok)

    def test_a_neutralized_copy_must_not_run_as_production_on_a_store(self):
        parameters = {"cloud.platform.kind": "other", "database.is_neutralized": "true"}
        for location, expected in (("s3", ["neutralized"]), ("db", []), ("file", [])):
            database = Database("copy", {**parameters, "ir_attachment.location": location})
            self.assertEqual(ids(judge(facts(database=database))), expected)

    def test_mistakes_of_the_variables_are_errors(self):
        report = judge(facts(mistakes=("ODOO_SESSION_REDIS_PORT: takes a number",)))
        self.assertIn("ODOO_SESSION_REDIS_PORT: takes a number", str(report))
        self.assertFalse(report.ok)

    def test_unsafe_skips_everything_and_says_so(self):
        with self.assertLogs("odoo.addons.cloud_platform.checks.registry", "WARNING") as logs:
            report = judge(facts(variables={"ODOO_CLOUD_PLATFORM_UNSAFE": "1"}))
        self.assertEqual(ids(report), [])
        self.assertIn("cloud platform checks disabled, this is not safe", logs.output[0])
        self.assertNotEqual(ids(judge(facts(variables={"ODOO_CLOUD_PLATFORM_UNSAFE": "0"}))), [])

    def test_single_checks_are_silenced_by_id(self):
        silenced = {"ODOO_CLOUD_PLATFORM_SILENCED_CHECKS": "R1, R3,logging-json"}
        self.assertEqual(ids(judge(facts(variables=silenced, active=frozenset()))), ["R2"])

    def test_all_are_reported_as_text_and_as_json(self):
        report = judge(facts(variables={}, active=frozenset()))
        self.assertEqual(ids(report), ["R1", "R2", "R3", "logging-json"])
        for finding in report.findings:
            self.assertIn(finding.message, str(report))
        self.assertEqual(
            [finding["id"] for finding in json.loads(report.as_json())["findings"]],
            [finding.id for finding in report.findings],
        )

    def test_reports_are_joined_without_repetition(self):
        report = judge(facts(variables={}))
        self.assertEqual((Report("prod") + report + report).findings, report.findings)

    def test_a_third_party_check_is_run_and_cannot_hide_the_others(self):
        self.addCleanup(checks_registry._checks.pop, "third_party")
        register(
            "third_party",
            [
                Check("T1", ERROR, "%(what)s is wrong.", lambda facts: [{"what": "It"}]),
                Check("T2", ERROR, "never", lambda facts: 1 / 0, variable="ZERO"),
            ],
        )
        with self.assertLogs("odoo.addons.cloud_platform.checks.registry", "ERROR"):
            report = judge(facts())
        self.assertEqual(ids(report), ["T1", "T2"])
        self.assertIn("It is wrong.", str(report))
        self.assertIn("ZeroDivisionError", str(report))


class TestDatabases(BaseCase):
    """Databases of one server with different addons and checks."""

    def setUp(self):
        super().setUp()
        import_checks(None)
        asked = self.asked = []
        registrations = dict(checks_registry._checks)
        for addon in ("addon_a", "addon_b"):
            registrations[addon] = checks_registry.Registration(
                addon=addon,
                checks=[
                    Check(id=addon, level=ERROR, message="wrong", broken=lambda facts: True),
                    Check(
                        id=f"{addon} store",
                        level=ERROR,
                        message="no store",
                        broken=lambda facts, name=addon: name in facts.probes,
                    ),
                ],
                settings=(),
                active=None,
                probe=lambda database, may_write, name=addon: self.ask(name, database),
            )
        self.patch(checks_registry, "_checks", registrations)
        self.asked = asked

    def ask(self, addon, database):
        self.asked.append((addon, database.name))
        raise ValueError("refused")

    def found(self, *extensions):
        database = Database(
            "-".join(extensions) or "none",
            parameters={"cloud.platform.kind": "any"},
            extensions=extensions,
        )
        report = checks_registry.run(database, probe=True)
        return {finding.id for finding in report.findings if finding.id.startswith("addon_")}

    def test_a_database_is_judged_by_the_checks_of_its_own_addons_in_any_order(self):
        self.patch(checks_registry.PlatformSettings, "mistakes", classmethod(lambda cls: []))
        for order in itertools.permutations([(), ("addon_a",), ("addon_b",)]):
            for extensions in order:
                with self.subTest(order=order, extensions=extensions):
                    self.asked.clear()
                    expected = {f"{name}{part}" for name in extensions for part in ("", " store")}
                    self.assertEqual(self.found(*extensions), expected)
                    self.assertEqual([name for name, _database in self.asked], [*extensions])
