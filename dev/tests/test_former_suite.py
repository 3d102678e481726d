"""A database of a release before 3.0 becomes one of this suite, and loses nothing."""

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import former_suite
from support.front_end import Client, FrontEnd
from support.sites import Site, json_in

from dev.manifests import manifests
from dev.stack import Stack

FORCED = "ir_attachment.storage.force.database"
NEW_NAMES = {"s3": "cloud_platform_s3", "swift": "cloud_platform_swift"}
STORES = {
    "s3": "from odoo.addons.attachment_s3.settings import s3_settings as settings\n"
    "from odoo.addons.attachment_s3.store import S3Store as Store\n",
    "swift": "from odoo.addons.attachment_swift.settings import swift_settings as settings\n"
    "from odoo.addons.attachment_swift.store import SwiftStore as Store\n",
}
PUT = """
for container, contents in {objects!r}.items():
    store = Store(settings(), container)
    store.create_container()
    for key, content in contents.items():
        store.put(key, content.encode())
"""


@dataclass
class FormerSite(Site):
    """A database of the former suite."""

    environment = "prod"
    load = (
        "logging_json,session_redis,monitoring_prometheus,monitoring_statsd,"
        "attachment_s3,attachment_swift,cloud_platform"
    )

    scheme: str = ""

    @property
    def variables(self) -> Mapping[str, str]:
        names = ("AWS_BUCKETNAME", "SWIFT_WRITE_CONTAINER")
        return {**super().variables, **dict.fromkeys(names, "{db}-odoo-prod")}

    def answer(self, *arguments: str) -> dict[str, Any]:
        return dict(json_in(self.platform(*arguments, "--json")))

    def versions(self) -> dict[str, tuple[int, ...]]:
        sql = (
            "SELECT name, latest_version FROM ir_module_module"
            " WHERE state <> 'uninstalled' AND state <> 'uninstallable'"
        )
        rows = (row.split("|") for row in self.stack.postgresql.query(self.name, sql))
        return {name: tuple(map(int, version.split("."))) for name, version in rows}

    def parameter(self, key: str) -> str:
        sql = f"SELECT value FROM ir_config_parameter WHERE key = '{key}'"
        return self.stack.postgresql.query(self.name, sql)[0]

    def modules(self) -> list[str]:
        sql = "SELECT name, state FROM ir_module_module ORDER BY name"
        return self.stack.postgresql.query(self.name, sql)

    def serves(self) -> str:
        """Request each file from a server for each user who is logged in; return its log."""
        with self.front_end.started(variables=self.variables, load=self.load):
            assert self.shows_all()
        return self.front_end.log.read_text()

    def works(self) -> bool:
        text = self.serves()
        return "Traceback" not in text and " ERROR " not in text


@pytest.fixture
def site(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[FormerSite]:
    name = f"former-{uuid.uuid4().hex[:8]}"
    with stack.database(name, ["server_environment"], {"RUNNING_ENV": "prod"}) as data:
        front_end = FrontEnd(stack, name, data, tmp_path)
        site = FormerSite(stack, name, data, front_end, Client(name), scheme=request.param)
        # users stay logged in on a front-end of that release
        with front_end.started(variables=site.variables, load="session_redis_before_3"):
            assert site.client.log_in(front_end).result["uid"]
        containers = (f"{name}-odoo-prod", f"{name}-odoo-former")
        rows = former_suite.attachments(stack, name, data, site.scheme, containers)
        objects: dict[str, dict[str, str]] = {}
        for number, content, fname in rows:
            site.files[number] = content
            if found := re.match(r"\w+://([^/]+)/(.+)", fname):
                objects.setdefault(found[1], {})[found[2]] = content
        site.run("shell", "--no-http", text=STORES[site.scheme] + PUT.format(objects=objects))
        former_suite.make_former(stack, name, site.scheme)
        yield site


def take_over(site: FormerSite, before: Mapping[str, tuple[int, ...]]) -> None:
    """Migrate a database to this suite, and compare it with its former state."""
    new = NEW_NAMES[site.scheme]
    modules = site.modules()
    planned = site.answer("migrate", "--dry-run")
    assert site.modules() == modules
    done = site.answer("migrate")
    assert {**done, "dry_run": True} == planned
    assert done["renamed"] == {f"cloud_platform_{former_suite.KINDS[site.scheme]}": new}
    assert set(done["removed"]) == {"monitoring_status", "monitoring_log_requests"}
    assert " ERROR " not in site.update()
    after = site.versions()
    assert {new, "cloud_base", "cloud_platform"} <= set(after)
    gone = {*done["renamed"], *done["removed"]}
    assert set(before) - set(after) == gone, "installed addons stay"
    ours = set(after) & set(manifests())
    series = tuple(map(int, site.stack.odoo.series.split(".")))
    assert {after[name] for name in ours} == {(*series, 3, 0, 0)}
    assert all(after[name] > before[name] for name in ours & set(before))
    assert site.parameter("cloud.platform.kind") == site.scheme
    assert site.parameter("ir_attachment.location") == site.scheme
    assert site.parameter(FORCED) == former_suite.FORCED


@pytest.mark.parametrize("site", ["swift"], indirect=True)
def test_a_database_of_the_former_suite_is_taken_over(site: FormerSite) -> None:
    take_over(site, site.versions())
    assert site.works()
    # this makes it the owner of its files, and moves files from other places
    report = site.answer("install")
    assert report["kind"] == site.scheme and not report["attachments"]["failed"]
    assert site.parameter(FORCED) == former_suite.FORCED
    assert site.works()
    assert site.answer("status")["ownership"]["standing"] == "owner"
    assert site.answer("check")["ok"]


@pytest.mark.parametrize("site", ["s3"], indirect=True)
def test_after_an_update_without_the_command_no_server_serves(site: FormerSite) -> None:
    before = site.versions()
    assert "monitoring_status" in site.update(), "Odoo complains about addons without code"
    # the addon that knows the kind of platform has another name: files might be in the wrong place
    refused = site.front_end.run(variables=site.variables, load=site.load)
    assert refused.returncode == os.EX_CONFIG, refused.stdout
    assert "“exoscale” is not a value" in refused.stdout
    assert "odoo cloud_platform migrate" in refused.stdout
    take_over(site, before)
    assert site.works()
