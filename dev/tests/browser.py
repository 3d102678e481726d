"""A browser on an instance, for the tests that look at pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from dev.instance import Instance

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser_page(instance: Instance) -> Iterator[Page]:
    """Have a page in a session of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=list(CHROMIUM)
        )
        context = browser.new_context(
            viewport={"width": 1400, "height": 900}, base_url=instance.nginx.url
        )
        yield context.new_page()
        browser.close()


def log_in(page: Page) -> None:
    """Log the administrator in."""
    page.goto("/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
