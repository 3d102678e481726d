"""The drawings of the documents: ``docs/NAME.dot`` is the source of ``docs/NAME.svg``."""

import hashlib
import re
import subprocess
from pathlib import Path

from .settings import REPOSITORY, child_environment

SOURCES = sorted((REPOSITORY / "docs").glob("*.dot"))


def target(source: Path) -> Path:
    """Return the path of the drawing that a source describes."""
    return source.with_suffix(".svg")


def mark(source: Path) -> str:
    """Return the comment that names the source in its drawing, with a digest of the text.

    Releases of Graphviz draw the same source a little differently, so that a comparison of two
    drawings does not show whether one is fresh. The digest does.
    """
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    return f"<!-- made by dev/main.py drawings from {source.name}, sha256 {digest} -->"


def draw(source: Path) -> str:
    """Return the drawing of a source, as SVG; Graphviz must be installed."""
    command = ["dot", "-Tsvg", str(source)]
    made = subprocess.run(
        command, capture_output=True, text=True, check=True, env=child_environment()
    )
    picture = re.sub(r"<!--.*?-->\n?", "", made.stdout, flags=re.DOTALL)
    start = picture.index("<svg")
    return f"{mark(source)}\n{picture[start:]}"
