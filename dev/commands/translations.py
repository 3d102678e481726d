"""``dev/main.py translations``: write each addon's ``i18n`` again.

Odoo 19.0 exports the template; ``msgmerge`` adds its terms to the translations, where
new ones are empty until they are translated.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from .. import settings
from ..console import DevError, run
from ..manifests import manifests
from ..settings import REPOSITORY
from ..stack import Stack

DATABASE = "translations"
LANGUAGES = ("de", "es", "fr")
DATE = re.compile(r'^"(POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


def main(arguments: list[str]) -> int:
    stack = Stack()
    if settings.odoo_source():
        raise DevError("the templates are made by Odoo 19.0: unset ODOO_SOURCE")
    with stack.in_use("msgmerge"):
        variables = stack.variables("suite", "test")
        with stack.database(DATABASE, list(manifests()), variables) as data:
            export(stack, data, variables)
    return 0


def export(stack: Stack, data: Path, variables: Mapping[str, str]) -> None:
    configuration = data / "odoo.conf"
    configuration.write_text(f"[options]\naddons_path = {stack.odoo.addons_path}\n")
    before = {addon: template(addon) for addon in manifests()}
    for addon in before:
        (REPOSITORY / addon / "i18n").mkdir(exist_ok=True)
    run(
        stack.odoo.command("i18n", "export", "-c", configuration, "-d", DATABASE, *before),
        env=stack.odoo.environment(**variables),
    )
    for addon, text in before.items():
        merge(addon, text)


def merge(addon: str, before: str) -> None:
    """Keep a template that only got another date; have the translations follow the new one."""
    path = template_path(addon)
    text = path.read_text()
    if not text:  # nothing to translate
        path.unlink()
        path.parent.rmdir()
        return
    if without_dates(text) == without_dates(before):
        path.write_text(before)
    options = ("--quiet", "--update", "--backup=none", "--no-fuzzy-matching", "--no-wrap")
    for translation in paths(addon):
        if translation.exists():
            run(["msgmerge", *options, translation, path])


def template_path(addon: str) -> Path:
    return REPOSITORY / addon / "i18n" / f"{addon}.pot"


def template(addon: str) -> str:
    """Return an addon's template, empty where it has nothing to translate."""
    path = template_path(addon)
    return path.read_text() if path.exists() else ""


def without_dates(text: str) -> str:
    """Return a template without the time at which it was written."""
    return DATE.sub("", text)


def paths(addon: str) -> list[Path]:
    """Return an addon's translations, which need not be there yet."""
    return [template_path(addon).with_name(f"{language}.po") for language in LANGUAGES]
