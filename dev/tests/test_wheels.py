"""The wheels: their content, and an Odoo that has them instead of a folder of addons."""

import email
import email.message
import json
import shutil
import subprocess
import sys
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.sites import json_in
from test_repository import tracked_files, tracked_paths

from dev import settings
from dev.console import run
from dev.environments import REQUIREMENTS
from dev.manifests import manifests
from dev.process import Daemon, free_ports
from dev.settings import REPOSITORY, child_environment
from dev.stack import Stack

META_PACKAGE = "odoo_addons_cloud_platform"
CLOSED_PORT = "http://127.0.0.1:9"


def build(repository: Path, series: str, directory: Path, **variables: str) -> dict[str, Path]:
    """Run ``dev/wheels`` and return the wheels by the part of their name before the version."""
    environment = {**child_environment(**settings.chosen()), **variables}
    run([repository / "dev" / "wheels", series, directory], env=environment)
    return {path.name.partition("-")[0]: path for path in directory.iterdir()}


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: Path) -> email.message.Message:
    [text] = (text for name, text in contents(wheel).items() if name.endswith("/METADATA"))
    return email.message_from_bytes(text)


@pytest.fixture(scope="session")
def wheels(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("wheels")
    return build(REPOSITORY, stack.odoo.series, directory)


def test_each_addon_has_a_wheel_of_the_series(stack: Stack, wheels: dict[str, Path]) -> None:
    versions = {f"odoo_addon_{name}": m["version"] for name, m in manifests().items()}
    versions[META_PACKAGE] = manifests()["cloud_platform"]["version"]
    assert {path.name for path in wheels.values()} == {
        f"{name}-{stack.odoo.series}.{version}-py3-none-any.whl"
        for name, version in versions.items()
    }


@pytest.mark.parametrize("addon", sorted(manifests()))
def test_a_wheel_says_what_the_manifest_says(
    stack: Stack, wheels: dict[str, Path], addon: str
) -> None:
    series, manifest = stack.odoo.series, manifests()[addon]
    said = metadata(wheels[f"odoo_addon_{addon}"])
    assert said["Name"] == f"odoo-addon-{addon}"
    assert (said["Summary"], said["License"]) == (manifest["summary"], manifest["license"])
    assert f"Framework :: Odoo :: {series}" in said.get_all("Classifier", [])
    others = {*manifests(), "server_environment"} & set(manifest["depends"])
    odoo, addons = (f"=={series}.*", f"=={series}.*")
    if series == "17.0":  # as OCA's tools say it of that series
        odoo, addons = (">=17.0a,<17.1dev", ">=17.0dev,<17.1dev")
    assert set(said.get_all("Requires-Dist", [])) == {
        f"odoo{odoo}",
        *(f"odoo-addon-{other}{addons}" for other in others),
        *manifest.get("external_dependencies", {}).get("python", []),
    }


@pytest.mark.parametrize("addon", sorted(manifests()))
def test_a_wheel_holds_every_file_of_the_addon_and_no_other(
    wheels: dict[str, Path], addon: str
) -> None:
    held = contents(wheels[f"odoo_addon_{addon}"])
    files = {name: text for name, text in held.items() if ".dist-info/" not in name}
    assert files == {
        f"odoo/addons/{path.relative_to(REPOSITORY)}": path.read_bytes()
        for path in tracked_files()
        if path.is_relative_to(REPOSITORY / addon)
    }


def test_the_meta_package_depends_on_every_addon(stack: Stack, wheels: dict[str, Path]) -> None:
    assert set(metadata(wheels[META_PACKAGE]).get_all("Requires-Dist", [])) == {
        f"odoo-addon-{name}=={stack.odoo.series}.{manifest['version']}"
        for name, manifest in manifests().items()
    }
    assert all(".dist-info/" in name for name in contents(wheels[META_PACKAGE]))


def test_a_copy_without_git_and_network_makes_the_very_same_wheels(
    stack: Stack, wheels: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    for path in tracked_paths():
        target = copy / path.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        # other times and rights, as another umask makes them; links stay links
        shutil.copyfile(path, target, follow_symlinks=False)
        if not path.is_symlink():
            target.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
    proxies = {"http_proxy": CLOSED_PORT, "https_proxy": CLOSED_PORT}
    again = build(copy, stack.odoo.series, tmp_path / "again", **proxies)
    assert {name: path.read_bytes() for name, path in again.items()} == {
        name: path.read_bytes() for name, path in wheels.items()
    }


def test_pip_installs_an_addon_from_the_checkout(
    stack: Stack, wheels: dict[str, Path], tmp_path: Path
) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps"]
    pip += ["--target", str(tmp_path), str(REPOSITORY / "setup" / "cloud_base")]
    for options in ([], ["--config-settings", "series=16.0"]):
        refused = subprocess.run(
            [*pip, *options], env=child_environment(), capture_output=True, text=True
        )
        assert refused.returncode
        assert "--config-settings series=" in refused.stdout + refused.stderr
    run([*pip, "--config-settings", f"series={stack.odoo.series}"])
    for name, text in contents(wheels["odoo_addon_cloud_base"]).items():
        # RECORD lists the files that pip adds to it
        assert name.endswith("/RECORD") or (tmp_path / name).read_bytes() == text, name


@dataclass
class Installed:
    """An environment with Odoo and the wheels, whose ``odoo`` is given no folder of addons."""

    stack: Stack
    venv: Path
    data: Path
    database: str

    @property
    def variables(self) -> dict[str, str]:
        return self.stack.odoo.environment(**self.stack.variables("wheels"))

    def command(self, *arguments: str) -> list[str | Path]:
        _python, *program = self.stack.odoo.command(*arguments)
        options = ("--data-dir", self.data, "--load", self.stack.odoo.server_wide_modules)
        return [self.venv / "bin" / "python", *program, "-d", self.database, *options]

    def run(self, *arguments: str) -> str:
        return run(self.command(*arguments), env=self.variables, cwd=self.data)


@pytest.fixture(scope="session")
def installed(
    stack: Stack, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    venv = tmp_path_factory.mktemp("odoo") / "venv"
    make_environment(stack, venv)
    pip = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    found = ("--find-links", wheels[META_PACKAGE].parent)
    pinned = ("-c", REQUIREMENTS / "constraints.txt")
    run(
        [*pip, "install", "-q", *found, *pinned, META_PACKAGE.replace("_", "-")],
        env=stack.odoo.environment(),
    )
    with stack.database(f"wheels_{uuid.uuid4().hex[:8]}", [], {}) as data:
        yield Installed(stack, venv, data, data.name)


def make_environment(stack: Stack, directory: Path) -> None:
    """Make one that has Odoo and what Odoo needs: a copy of the tests' own without the suite's."""
    run([stack.odoo.venv.python, "-m", "venv", "--without-pip", directory])
    [whole] = stack.odoo.venv.directory.glob("lib/python*/site-packages")
    [site] = directory.glob("lib/python*/site-packages")
    shutil.copytree(whole, site, dirs_exist_ok=True)
    suite = ("odoo-addon-server-environment", "-r", REPOSITORY / "requirements.txt")
    run([directory / "bin" / "python", "-m", "pip", "uninstall", "-q", "-y", *suite])
    put_odoo_in(site, stack)


def put_odoo_in(site: Path, stack: Stack) -> None:
    """Make pip find Odoo, like an installation in development mode.

    Debian's package brings what pip reads. A source tree would have to be written to, and asks
    for psycopg2, whose wheel has another name.
    """
    (site / "odoo.pth").write_text(f"{stack.odoo.root}\n")
    if not list(stack.odoo.root.glob("odoo-*.egg-info")):
        information = site / f"odoo-{stack.odoo.series}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: odoo\nVersion: {stack.odoo.series}\n"
        )


def test_the_meta_package_brings_every_addon_and_what_it_needs(installed: Installed) -> None:
    pip = [installed.venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    listed = run([*pip, "list", "--format=json"], env=installed.variables)
    names = {package["name"].replace("-", "_") for package in json.loads(listed)}
    wanted = {f"odoo_addon_{name}" for name in [*manifests(), "server_environment"]}
    assert {META_PACKAGE, *wanted} <= names
    checked = subprocess.run(
        [*pip, "check"], env=installed.variables, capture_output=True, text=True
    )
    assert "odoo-addon" not in checked.stdout, checked.stdout


def test_a_server_without_an_addons_path_serves_the_suite(
    installed: Installed, tmp_path: Path
) -> None:
    stack = installed.stack
    installed.run("-i", ",".join(manifests()), "--stop-after-init", "--no-http")
    assert set(manifests()) <= stack.databases.installed(installed.database)
    report = json_in(installed.run("cloud_platform", "install", "--kind=s3", "--json"))
    assert report["kind"] == "s3"
    assert report["attachments"]["complete"] and not report["attachments"]["failed"]
    port, gevent_port = free_ports(29369, 2)
    url = f"http://127.0.0.1:{port}"
    server = Daemon(tmp_path / "server")
    listening = (f"--http-port={port}", f"--gevent-port={gevent_port}")
    command = installed.command(*listening, "--http-interface=127.0.0.1", "--workers=2")
    try:
        server.start(command, env=installed.variables, ready=lambda: answers(f"{url}/web/login"))
        assert get(f"{url}/cloud_platform/ready")
        page = REPOSITORY / "cloud_platform/static/src/page.js"
        assert get(f"{url}/cloud_platform/static/src/page.js") == page.read_bytes()
        assert str(REPOSITORY) not in server.log.read_text()
    finally:
        server.stop()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def answers(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False
