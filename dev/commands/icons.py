"""``dev/main.py icons``: draw each addon's ``static/description/icon.svg`` and ``.png`` again."""

from .. import apt, icons
from ..console import run
from ..settings import REPOSITORY


def main(arguments: list[str]) -> int:
    apt.install(apt.missing("rsvg-convert"))
    for addon in icons.SIGNS:
        folder = REPOSITORY / addon / "static" / "description"
        folder.mkdir(parents=True, exist_ok=True)
        drawing = folder / "icon.svg"
        drawing.write_text(icons.svg(addon))
        run(["rsvg-convert", drawing, "-o", folder / "icon.png"])
    return 0
