"""The addons' translation templates and translations."""

import re
from pathlib import Path

from .settings import REPOSITORY

LANGUAGES = ("de", "es", "fr")
DATE = re.compile(r'^"(POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


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
