"""``dev/main.py translations``: have Odoo 19.0 write each addon's ``i18n/ADDON.pot`` again."""

from collections.abc import Mapping
from pathlib import Path

from .. import settings
from ..console import DevError, run
from ..documents import manifests
from ..settings import REPOSITORY
from ..stack import Stack

DATABASE = "translations"


def main(arguments: list[str]) -> int:
    stack = Stack()
    if settings.odoo_source():
        raise DevError("the templates are those of Odoo 19.0: unset ODOO_SOURCE")
    with stack.in_use():
        variables = stack.variables("suite", "test")
        with stack.database(DATABASE, list(manifests()), variables) as data:
            export(stack, data, variables)
    return 0


def export(stack: Stack, data: Path, variables: Mapping[str, str]) -> None:
    configuration = data / "odoo.conf"
    configuration.write_text(f"[options]\naddons_path = {stack.odoo.addons_path}\n")
    addons = list(manifests())
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
