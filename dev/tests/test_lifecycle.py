"""Installing, upgrading and uninstalling each addon, as the Apps screen does it.

After each step the database works: people stay logged in, pages open, files are read, and the
log has neither an error nor a traceback.
"""

import base64
import re
import shlex
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.apps import call, press, update_list
from support.front_end import Client, FrontEnd
from support.sites import Site

from dev.manifests import manifests
from dev.stack import Stack

STORES = ("s3", "swift")
# first an addon without dependents, then addons with dependents; the last one removes the rest
LEAVING = (
    "cloud_platform_swift",
    "attachment_s3",
    "session_redis",
    "monitoring_statsd",
    "cloud_base",
)
CREATE_CONTAINER = """
env["ir.attachment"]._get_object_store({scheme!r}).create_container()
"""


class LivingSite(Site):
    """One whose addons come and go: none is in ``--load``, where core would keep it."""

    environment = "dev"
    load = ""

    @property
    def variables(self) -> Mapping[str, str]:
        # sessions stay in files without --load, and an error says so
        return {**super().variables, "ODOO_SESSION_REDIS": "0"}

    @contextmanager
    def served(self, *arguments: str) -> Iterator[None]:
        with self.front_end.started(*arguments, variables=self.variables, load=self.load):
            yield
        text = self.front_end.log.read_text()
        for bad in ("Traceback", " ERROR ", " CRITICAL "):
            assert bad not in text, text[-6000:]

    def log_in(self) -> None:
        assert self.client.log_in(self.front_end).result["uid"]
        update_list(self.client, self.front_end)

    def press(self, button: str, name: str) -> str:
        return press(self.client, self.front_end, button, name)

    def set_parameter(self, name: str, value: str) -> None:
        call(self.client, self.front_end, "ir.config_parameter", "set_param", name, value)

    def upload(self, location: str) -> None:
        """Keep some files at a location, which is where new files go from now on."""
        self.set_parameter("ir_attachment.location", location)
        contents = [f"{location} {number} {uuid.uuid4()}" for number in range(3)]
        values = [
            {
                "name": f"{location}.pdf",
                "mimetype": "application/pdf",
                "datas": base64.b64encode(content.encode()).decode(),
            }
            for content in contents
        ]
        ids = call(self.client, self.front_end, "ir.attachment", "create", values)
        self.files.update(zip(ids, contents, strict=True))

    def places(self) -> set[str]:
        """Return where the files are: ``db``, ``file`` or a store."""
        sql = (
            "SELECT DISTINCT CASE WHEN store_fname IS NULL THEN 'db'"
            " WHEN store_fname LIKE '%://%' THEN split_part(store_fname, ':', 1)"
            " ELSE 'file' END FROM ir_attachment WHERE id IN ({})"
        )
        numbers = ",".join(map(str, self.files))
        return set(self.stack.postgresql.query(self.name, sql.format(numbers)))

    def works(self) -> bool:
        """Check what people do: the login page, the web client, files."""
        for path in ("/web/login", "/web", "/web/health"):
            assert self.client.ask(self.front_end, path).status in (200, 303), path
        return self.shows_all()

    def welcomes(self) -> bool:
        """Check a new login."""
        return bool(Client(self.name).log_in(self.front_end).result["uid"])

    @property
    def states(self) -> set[str]:
        """Return the states that the suite's addons have."""
        names = ",".join(f"'{name}'" for name in manifests())
        sql = f"SELECT DISTINCT state FROM ir_module_module WHERE name IN ({names})"
        return set(self.stack.postgresql.query(self.name, sql))


@contextmanager
def site_of(stack: Stack, directory: Path, modules: list[str]) -> Iterator[LivingSite]:
    name = f"life-{uuid.uuid4().hex[:8]}"
    with stack.database(name, modules, stack.variables(name, "dev")) as data:
        yield LivingSite(stack, name, data, FrontEnd(stack, name, data, directory), Client(name))


def in_order() -> list[str]:
    """Return the addons, each behind those that it depends on."""
    ordered: list[str] = []
    waiting = manifests()
    while waiting:
        ready = [name for name, m in waiting.items() if not set(m["depends"]) & set(waiting)]
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered


def going_with(name: str) -> set[str]:
    """Return an addon and all that depend on it."""
    gone = {name}
    for other in in_order():
        if gone & set(manifests()[other]["depends"]):
            gone.add(other)
    return gone


def test_each_addon_comes_and_goes_by_the_apps_screen(stack: Stack, tmp_path: Path) -> None:
    with site_of(stack, tmp_path, []) as site:
        installed = partial(stack.databases.installed, site.name)
        with site.served("--workers=2"):
            site.log_in()
            site.upload("file")
            site.upload("db")
            for name in in_order():
                assert not site.press("install", name)
                assert name in installed()
                assert site.works(), name
            # and all that depend on it, which are all the others
            assert not site.press("upgrade", "cloud_base")
            assert site.states == {"installed"}
            assert site.works() and site.welcomes()
            for name in LEAVING:
                before = installed()
                assert not site.press("uninstall", name)
                assert before - installed() == going_with(name) & before
                assert site.works(), name
            assert site.states == {"uninstalled"}
        assert " ERROR " not in site.update()
        with site.served("--workers=2"):
            assert site.works() and site.welcomes()


def test_no_store_goes_while_files_are_in_it(stack: Stack, tmp_path: Path) -> None:
    with site_of(stack, tmp_path, list(manifests())) as site:
        script = "".join(CREATE_CONTAINER.format(scheme=scheme) for scheme in STORES)
        site.run("shell", "--no-http", text=script)
        with site.served():
            site.log_in()
            for scheme in STORES:
                site.upload(scheme)
            assert site.places() == set(STORES)
            # it leaves the store's addon, and the files with it
            assert not site.press("uninstall", "cloud_platform_s3")
            stores = ("attachment_s3", "attachment_swift")
            for name in (*stores, "base_attachment_object_storage", "cloud_base"):
                refusal = site.press("uninstall", name)
                assert "cloud_platform uninstall" in refusal, (name, refusal)
            assert site.works()
            assert site.states == {"installed", "uninstalled"}
            assert {*stores, "cloud_platform"} <= stack.databases.installed(site.name)
            # exactly the command of the message
            command = re.search(r"“odoo cloud_platform ([^”]+)”", refusal)
            assert command, refusal
            site.platform(*shlex.split(command[1]))
            assert site.places() == {"db"}
            assert not site.press("uninstall", "base_attachment_object_storage")
            assert not {*stores, "cloud_platform"} & stack.databases.installed(site.name)
            assert site.works()
            # new files go where the others are
            site.upload("db")
            assert site.works()


def test_without_the_platform_two_calls_bring_the_files_back(stack: Stack, tmp_path: Path) -> None:
    with site_of(stack, tmp_path, ["attachment_s3"]) as site:
        site.run("shell", "--no-http", text=CREATE_CONTAINER.format(scheme="s3"))
        with site.served():
            site.log_in()
            site.upload("s3")
            refusal = site.press("uninstall", "attachment_s3")
            [call_of_message] = re.findall(r"env\['ir.attachment'\]\.\w+\(\)", refusal)
            # "Set the system parameter ir_attachment.location to “db” (or “file”)"
            [(parameter, place)] = re.findall(r"parameter (\S+) to “\w+” \(or “(\w+)”\)", refusal)
            site.set_parameter(parameter, place)
            site.run("shell", "--no-http", text=f"{call_of_message}\n")
            assert site.places() == {"file"}
            assert not site.press("uninstall", "attachment_s3")
            assert site.works()
