"""A browser on an instance, for the tests that look at pages."""

import xmlrpc.client
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

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


def browser_page(instance: Instance) -> AbstractContextManager[Page]:
    """Open a page with a separate session."""
    return browser_at(instance.nginx.url)


@contextmanager
def browser_at(url: str) -> Iterator[Page]:
    """Open a page with a separate session, at any server."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=list(CHROMIUM)
        )
        context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=url)
        yield context.new_page()
        browser.close()


def log_in(page: Page) -> None:
    """Log the administrator in."""
    page.goto("/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


def call(
    instance: Instance, model: str, method: str, *arguments: object, **keywords: object
) -> Any:
    """Call a method as the administrator."""
    models = xmlrpc.client.ServerProxy(f"{instance.nginx.url}/xmlrpc/2/object", allow_none=True)
    who = (instance.name, 2, "admin")
    return models.execute_kw(*who, model, method, list(arguments), keywords)


def open_page(page: Page, instance: Instance) -> None:
    """Open Settings > Technical > Cloud Platform."""
    sql = (
        "SELECT res_id FROM ir_model_data WHERE module = 'cloud_platform' AND name = 'action_page'"
    )
    [action] = instance.stack.postgresql.query(instance.name, sql)
    page.goto("about:blank")
    page.goto(f"/web#action={action}")
    page.wait_for_selector(".o_cloud_platform")
