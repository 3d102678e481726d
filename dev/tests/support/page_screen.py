"""Draws Settings > Technical > Cloud Platform of an instance with files, for the documents.

A desktop and a phone. Pictures of other series than 19.0 have the series in their names.
"""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from dev.instance import Instance
from dev.settings import REPOSITORY
from dev.stack import Stack

from .browser import browser_page, call, log_in, open_page

FOLDER = REPOSITORY / "cloud_platform" / "static" / "description"
DESKTOP = {"width": 1400, "height": 1000}
PHONE = {"width": 390, "height": 844}
DOCUMENTED_SERIES = "19.0"
FILES = {
    "application/pdf": ("pdf", 40, 50_000, "account.move"),
    "image/jpeg": ("jpg", 25, 90_000, "product.template"),
    "text/csv": ("csv", 15, 20_000, "res.partner"),
}


@dataclass(frozen=True)
class Picture:
    """A picture of the page: its name and the size of the window."""

    name: str
    size: dict[str, int]

    def path(self, series: str) -> Path:
        """Return the file of the picture."""
        suffix = "" if series == DOCUMENTED_SERIES else f"-{series}"
        return FOLDER / f"{self.name}{suffix}.png"


PICTURES = (
    Picture("page", DESKTOP),
    Picture("page-phone", PHONE),
)


def add_files(instance: Instance) -> None:
    """Create attachments of several types and models; some contents occur twice."""
    for mimetype, (extension, number, size, model) in FILES.items():
        for index in range(number):
            content = f"{extension} {index // 2} " * (size // 8)
            values = {"name": f"document {index}.{extension}", "mimetype": mimetype}
            call(instance, "ir.attachment", "create", [{**values, "raw": content}])
        sql = f"UPDATE ir_attachment SET res_model = '{model}' WHERE name LIKE '%.{extension}'"
        instance.stack.postgresql.query(instance.name, sql)


def draw(page: Page, instance: Instance, picture: Picture) -> Path:
    """Draw a picture, and return its file."""
    path = picture.path(instance.stack.odoo.series)
    page.set_viewport_size(picture.size)
    open_page(page, instance)
    page.wait_for_timeout(500)
    page.screenshot(path=str(path))
    return path


def main() -> None:
    stack = Stack()
    instance = Instance(stack, "acme")
    with stack.lock("lock-of-page-screen"):
        instance.remove()
        instance.prepare()
        try:
            instance.start(preferred_port=28969)
            add_files(instance)
            with browser_page(instance) as page:
                log_in(page)
                for picture in PICTURES:
                    path = draw(page, instance, picture)
                    size = path.stat().st_size // 1000
                    print(f"{path.relative_to(REPOSITORY)}: {size} kB", flush=True)
        finally:
            instance.remove()


if __name__ == "__main__":
    main()
