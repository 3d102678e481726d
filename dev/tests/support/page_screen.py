"""Draws Settings > Technical > Cloud Platform of an instance with files, for the documents."""

from dev.instance import Instance
from dev.settings import REPOSITORY
from dev.stack import Stack

from .browser import browser_page, call, log_in, open_page

PATH = REPOSITORY / "cloud_platform" / "static" / "description" / "page.png"
SIZE = {"width": 1100, "height": 720}
FILES = 40


def main() -> None:
    stack = Stack()
    instance = Instance(stack, "acme")
    with stack.lock("lock-of-page-screen"):
        instance.remove()
        instance.prepare()
        try:
            instance.start(preferred_port=28969)
            for number in range(FILES):
                values = {"name": f"document {number}.pdf", "mimetype": "application/pdf"}
                raw = f"{number}" * 50_000
                call(instance, "ir.attachment", "create", [{**values, "raw": raw}])
            with browser_page(instance) as page:
                page.set_viewport_size(SIZE)
                log_in(page)
                open_page(page, instance)
                page.screenshot(path=str(PATH))
        finally:
            instance.remove()
    print(f"{PATH.relative_to(REPOSITORY)}: {PATH.stat().st_size // 1000} kB", flush=True)


main()
