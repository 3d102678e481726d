"""The findings of every remote store's rules, over every combination of settings.

The expected ids are written down here once more, from the rules themselves, and compared with
the findings of the checks.
"""

import itertools
from dataclasses import replace

from odoo.addons.base_attachment_object_storage.ownership.owner import NOBODY, PARAMETER, Owner

from ..checks import ENVIRONMENTS, Database, Facts
from ..checks.registry import import_checks, judge

SESSIONS_ARE_RIGHT = {
    "ODOO_SESSION_REDIS": "1",
    "ODOO_SESSION_REDIS_HOST": "redis",
}
NAMES = {
    None: None,
    "": None,
    "acme-odoo-prod": "prod",
    "acme-odoo-prodigy": "prodigy",
    "x/acme-odoo-prod": None,
    "acme-odoo-integration": "integration",
    "acme-odoo-labs-finance": "labs",
    "acme-odoo-test": "test",
    "acme-odoo-dev": "dev",
    "{db}-odoo-prod": "prod",
    "something": None,
}
FLAGS = {None: False, "": False, "0": False, "false": False, "1": True, "True": True}


class StorageRulesContract:
    """``scheme``, ``kind``, ``container``, ``unstructured``, ``credentials`` are the store's."""

    allow_inherited_tests_method = True
    scheme = kind = container = unstructured = ""
    credentials = {}

    def setUp(self):
        super().setUp()
        import_checks(Database("acme", {}, (f"cloud_platform_{self.scheme}",)))

    def facts(self, environment, location, variables, kind=None):
        parameters = {"cloud.platform.kind": self.kind, "ir_attachment.location": location}
        if kind is not None:
            parameters["cloud.platform.kind"] = kind
        prefix = {"ODOO_SESSION_REDIS_PREFIX": f"acme-odoo-{environment}"}
        given = {**SESSIONS_ARE_RIGHT, **prefix, **variables}
        return Facts(
            environment_name=environment,
            variables={name: value for name, value in given.items() if value is not None},
            server_wide=frozenset({"logging_json", "session_redis"}),
            active=frozenset({"session_redis"}),
            database=Database("acme", parameters),
        )

    def found(self, facts):
        others = ("logging-json", "not-owned")
        return sorted(f.id for f in judge(facts).findings if f.id not in others)

    def expected(self, environment, location, name, unstructured, missing):
        """The rules F1 to F7 as sentences, in code."""
        used = location == self.scheme
        ids = []
        if environment in ("prod", "integration") and not used:
            ids.append("F1")
        if used:
            ids += ["F2"] * missing
        if used and environment in ("prod", "integration", "labs") and not name:
            ids.append("F3")
        if used and name and not unstructured:
            named = NAMES[name]
            if environment == "prod" and named != "prod":
                ids.append("F5")
            elif environment != "prod" and named == "prod":
                ids.append("F6")
            elif environment != "prod" and named in ENVIRONMENTS and named != environment:
                ids.append("container-environment")
        if environment == "test" and location not in (self.scheme, "db"):
            ids.append("F7")
        if (environment == "labs" and not used) or (environment == "dev" and location != "db"):
            ids.append("location")
        return sorted(ids)

    def test_every_combination_gives_exactly_its_messages(self):
        locations = (self.scheme, "db", "file", "elsewhere")
        names = list(self.credentials)
        absent = [(), (names[0],), tuple(names)]
        combinations = itertools.product(ENVIRONMENTS, locations, NAMES, FLAGS, absent)
        for environment, location, name, flag, missing in combinations:
            variables = {
                **self.credentials,
                **dict.fromkeys(missing, ""),
                self.container: name,
                self.unstructured: flag,
            }
            facts = self.facts(environment, location, variables)
            expected = self.expected(environment, location, name, FLAGS[flag], len(missing))
            with self.subTest(environment=environment, location=location, variables=variables):
                self.assertEqual(self.found(facts), expected)

    def test_a_database_that_was_never_installed_is_only_told_so(self):
        report = judge(self.facts("prod", "file", {}, kind=""))
        self.assertEqual([finding.id for finding in report.findings], ["kind"])
        self.assertTrue(report.ok)
        self.assertIn("cloud platform not configured", str(report))

    def test_the_messages_name_the_variable_and_no_secret(self):
        secrets = {name: f"secret-{name}" for name in self.credentials}
        facts = self.facts("prod", self.scheme, {**secrets, self.container: "something"})
        text = str(judge(facts))
        self.assertIn(self.container, text)
        self.assertIn("'something'", text)
        self.assertNotIn("secret-", text)

    def test_who_owns_the_files_is_told(self):
        right = {**self.credentials, self.container: "acme-odoo-prod"}
        facts = self.facts("prod", self.scheme, right)
        owner = Owner("uuid", "uuid", "acme", "prod", self.scheme, "acme-odoo-prod")
        for record, uuid, found in (
            ("", "uuid", "not-owned"),
            (str(owner), "uuid", None),
            (str(replace(owner, database="original")), "uuid", "copy"),
            (str(replace(owner, container="original")), "uuid", "copy"),
            (str(replace(owner, environment="integration")), "uuid", "copy"),
            (str(replace(owner, server="another")), "uuid", "copy"),
            (str(owner), "made by Odoo", "copy"),
            (str(replace(owner, container="original")), "made by Odoo", None),
            (NOBODY, "uuid", "copy"),
        ):
            given = {**facts.database.parameters, "database.uuid": uuid, PARAMETER: record}
            report = judge(replace(facts, database=Database("acme", given, server="here")))
            told = [f for f in report.findings if f.id in ("not-owned", "copy")]
            with self.subTest(record=record, uuid=uuid):
                self.assertEqual([f.id for f in told], [found] if found else [])
                self.assertTrue(report.ok, "a copy serves, and reads")
                if found == "copy":
                    self.assertIn("cloud_platform fork -d acme", told[0].hint)

    def test_a_refused_probe_is_an_error_and_a_silent_store_a_warning(self):
        right = {**self.credentials, self.container: "acme-odoo-prod"}
        facts = self.facts("prod", self.scheme, right)
        for answer, found in (
            ("Refused: the key is wrong", ("store-refuses", "error")),
            ("Unavailable: no answer in time", ("store-unavailable", "warning")),
        ):
            facts_with = Facts(
                **{**vars(facts), "probes": {f"cloud_platform_{self.scheme}": answer}}
            )
            [finding] = [f for f in judge(facts_with).findings if f.id.startswith("store-")]
            self.assertEqual((finding.id, finding.level), found)
            self.assertIn(answer, finding.message)

    def test_files_that_wait_for_the_store_are_a_warning(self):
        facts = self.facts("prod", self.scheme, self.credentials)
        for files, expected in ((0, []), (7, ["store-spilled"])):
            database = replace(facts.database, spilled=files)
            found = judge(replace(facts, database=database)).findings
            with self.subTest(files):
                self.assertEqual([f.id for f in found if f.id == "store-spilled"], expected)
                self.assertEqual({f.level for f in found if f.id in expected} - {"warning"}, set())
