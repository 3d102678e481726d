"""``dev/main.py icons``: draw each addon's ``static/description/icon.svg`` and ``.png`` again.

An icon is a white sign before a cloud, on a ground whose colour shows the subject.
"""

from xml.etree import ElementTree

from .. import apt
from ..console import run
from ..settings import REPOSITORY

SIZE = 128
CLOUD = "M34 98a23 23 0 0 1-3-45.8a35 35 0 0 1 66-9.2a27.5 27.5 0 0 1-1 55z"

FILES, PLATFORM, SETTINGS = "#1c7c8c", "#4b5bb3", "#5d6b7a"
LOGS, METRICS, SESSIONS = "#6b4f8a", "#c2701c", "#b23b4e"

BUCKET = '<path d="M40 46l8 46h32l8-46"/><ellipse cx="64" cy="46" rx="24" ry="8"/>'
CONTAINER = '<path d="M36 46h56v44H36zM50 56v24M64 56v24M78 56v24"/>'
# the small sign of the addons that set a platform up
CHECK = (
    '<circle cx="90" cy="90" r="19" fill="{ground}" stroke="none"/><path d="M80 91l8 8 14-17"/>'
)

# addon -> colour, sign
SIGNS = {
    "attachment_s3": (FILES, BUCKET),
    "attachment_swift": (FILES, CONTAINER),
    "base_attachment_object_storage": (
        FILES,
        '<path d="M84 60L63 81a11 11 0 0 1-16-16l25-25a16 16 0 0 1 23 23L70 88"/>',
    ),
    "cloud_platform": (PLATFORM, '<path d="M40 68l17 18 32-40"/>'),
    "cloud_platform_s3": (PLATFORM, BUCKET + CHECK),
    "cloud_platform_swift": (PLATFORM, CONTAINER + CHECK),
    "cloud_base": (
        SETTINGS,
        '<path d="M36 50h14M70 50h22M36 68h34M90 68h2M36 86h6M62 86h30"/>'
        '<circle cx="60" cy="50" r="8"/><circle cx="80" cy="68" r="8"/>'
        '<circle cx="52" cy="86" r="8"/>',
    ),
    "logging_json": (
        LOGS,
        '<path d="M52 42q-10 0-10 10v6q0 9-8 9q8 0 8 9v6q0 10 10 10"/>'
        '<path d="M76 42q10 0 10 10v6q0 9 8 9q-8 0-8 9v6q0 10-10 10"/>'
        '<path d="M64 58v0.1M64 77v0.1" stroke-width="10"/>',
    ),
    "monitoring_prometheus": (METRICS, '<path d="M38 92V72M55 92V52M72 92V62M89 92V42"/>'),
    "monitoring_statsd": (METRICS, '<path d="M30 70h16l9-25 15 44 10-19h18"/>'),
    "session_redis": (
        SESSIONS,
        '<circle cx="50" cy="67" r="14"/><path d="M64 67h34v13M84 67v10"/>',
    ),
}


def main(arguments: list[str]) -> int:
    apt.install(apt.missing("rsvg-convert"))
    for addon in SIGNS:
        folder = REPOSITORY / addon / "static" / "description"
        folder.mkdir(parents=True, exist_ok=True)
        drawing = folder / "icon.svg"
        drawing.write_text(svg(addon))
        run(["rsvg-convert", drawing, "-o", folder / "icon.png"])
    return 0


def svg(addon: str) -> str:
    """Return an addon's icon, the same text for the same drawing."""
    ground, sign = SIGNS[addon]
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" '
        f'viewBox="0 0 {SIZE} {SIZE}">'
        f'<rect width="{SIZE}" height="{SIZE}" rx="24" fill="{ground}"/>'
        f'<path d="{CLOUD}" fill="#fff" fill-opacity="0.22"/>'
        '<g fill="none" stroke="#fff" stroke-width="7" stroke-linecap="round" '
        f'stroke-linejoin="round">{sign.format(ground=ground)}</g></svg>'
    )
    image = ElementTree.fromstring(text.replace(' xmlns="http://www.w3.org/2000/svg"', ""))
    image.set("xmlns", "http://www.w3.org/2000/svg")
    ElementTree.indent(image)
    return ElementTree.tostring(image, encoding="unicode") + "\n"
