"""``dev/main.py translations``: have Odoo 19.0 write each addon's ``i18n/ADDON.pot`` again."""

import shutil
from pathlib import Path

from ..console import DevError, run, step
from ..documents import manifests
from ..settings import REPOSITORY
from ..stack import Stack

DATABASE = "translations"


def main(arguments: list[str]) -> int:
    stack = Stack()
    with stack.in_use(), stack.lock():
        if stack.odoo.series != "19.0":
            raise DevError("the templates are those of Odoo 19.0: unset ODOO_SOURCE")
        data = stack.state / "tests" / DATABASE
        try:
            with step("Exporting the terms of the addons"):
                export(stack, data)
        finally:
            stack.postgresql.drop(DATABASE)
            shutil.rmtree(data, ignore_errors=True)
    return 0


def export(stack: Stack, data: Path) -> None:
    variables = stack.variables("suite", "test")
    addons = list(manifests())
    stack.databases.create(DATABASE, data)
    stack.databases.install(DATABASE, addons, data, variables)
    configuration = data / "odoo.conf"
    configuration.write_text(f"[options]\naddons_path = {stack.odoo.addons_path}\n")
    for addon in addons:
        (REPOSITORY / addon / "i18n").mkdir(exist_ok=True)
    run(
        stack.odoo.command("i18n", "export", "-c", configuration, "-d", DATABASE, *addons),
        env=stack.odoo.environment(**variables),
    )
    for addon in addons:
        template = REPOSITORY / addon / "i18n" / f"{addon}.pot"
        if not template.stat().st_size:  # nothing to translate
            template.unlink()
            template.parent.rmdir()
