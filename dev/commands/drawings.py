"""``dev/main.py drawings``: make the drawings of the documents again, with Graphviz."""

from .. import apt, drawings


def main(arguments: list[str]) -> int:
    apt.install(apt.missing("dot"))
    for source in drawings.SOURCES:
        drawings.target(source).write_text(drawings.draw(source))
    return 0
