"""``dev/main.py translations``: write each addon's ``i18n`` again.

Odoo 19.0 exports the template; ``msgmerge`` takes its terms over into the translations, where
new ones are empty until somebody translates them.
"""

from collections.abc import Mapping
from pathlib import Path

from .. import settings, translations
from ..console import DevError, run
from ..documents import manifests
from ..settings import REPOSITORY
from ..stack import Stack

DATABASE = "translations"


def main(arguments: list[str]) -> int:
    stack = Stack()
    if settings.odoo_source():
        raise DevError("the templates are those of Odoo 19.0: unset ODOO_SOURCE")
    with stack.in_use("msgmerge"):
        variables = stack.variables("suite", "test")
        with stack.database(DATABASE, list(manifests()), variables) as data:
            export(stack, data, variables)
    return 0


def export(stack: Stack, data: Path, variables: Mapping[str, str]) -> None:
    configuration = data / "odoo.conf"
    configuration.write_text(f"[options]\naddons_path = {stack.odoo.addons_path}\n")
    before = {addon: translations.template(addon) for addon in manifests()}
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
    path = translations.template_path(addon)
    text = path.read_text()
    if not text:  # nothing to translate
        path.unlink()
        path.parent.rmdir()
        return
    if translations.without_dates(text) == translations.without_dates(before):
        path.write_text(before)
    options = ("--quiet", "--update", "--backup=none", "--no-fuzzy-matching", "--no-wrap")
    for translation in translations.paths(addon):
        if translation.exists():
            run(["msgmerge", *options, translation, path])
