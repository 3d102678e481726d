"""Settings > Technical > Cloud Platform, in a browser."""

import re
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser import browser_page, call, log_in, open_page

from dev.instance import Instance

FILES = 600


@pytest.fixture(scope="module")
def page(instance: Instance) -> Iterator[Page]:
    with browser_page(instance) as page:
        log_in(page)
        yield page


def test_the_page_shows_checks_and_storages(
    instance: Instance, page: Page, tmp_path: Path
) -> None:
    open_page(page, instance)
    text = page.inner_text(".o_cloud_platform")
    assert re.search(r"Environment\s+prod", text)
    assert re.search(r"Sessions\s+Redis", text)
    assert re.search(rf"s3://{instance.name}-odoo-prod\s+\d+\s+[\d.]+ [kM]?B", text)
    for name in ("R1", "F1", "F5", "session-redis-loaded", "store-refuses"):
        assert name in page.locator(".o_passed code").all_inner_texts()
    page.screenshot(path=str(tmp_path / "page.png"))


def test_a_move_is_started_watched_and_done(
    instance: Instance, page: Page, tmp_path: Path
) -> None:
    call(instance, "ir.config_parameter", "set_param", "ir_attachment.location", "db")
    values = {"mimetype": "application/pdf"}
    for start in range(0, FILES, 300):
        numbers = range(start, start + 300)
        names = [{**values, "name": str(n), "raw": f"a document {n}"} for n in numbers]
        call(instance, "ir.attachment", "create", names)
    call(instance, "ir.config_parameter", "set_param", "ir_attachment.location", "s3")
    open_page(page, instance)
    expect(page.locator(".o_move")).to_contain_text(f"{FILES} files")
    page.click(".o_start")
    page.wait_for_selector(".o_move .progress")
    page.screenshot(path=str(tmp_path / "moving.png"))
    expect(page.locator(".o_last_move")).to_contain_text(
        f"The last move is done: {FILES} files moved to s3, 0 failed", timeout=120_000
    )
    expect(page.locator(".o_move")).to_contain_text("0 files")
    page.screenshot(path=str(tmp_path / "moved.png"))
    sql = (
        "SELECT count(*) FROM ir_attachment WHERE name ~ '^[0-9]+$' AND store_fname LIKE 's3://%'"
    )
    assert instance.stack.postgresql.query(instance.name, sql) == [str(FILES)]


def test_the_platform_is_installed_by_its_button(instance: Instance, page: Page) -> None:
    for name in ("cloud.platform.kind", "ir_attachment.location"):
        call(instance, "ir.config_parameter", "set_param", name, "")
    open_page(page, instance)
    buttons = page.locator(".o_install")
    assert buttons.all_inner_texts() == ["Install on s3", "Install on swift"]
    buttons.first.click()
    expect(buttons).to_have_text(["Install again"])
    text = page.inner_text(".o_cloud_platform")
    assert re.search(r"Platform\s+s3\s+New attachments\s+s3", text)
    sql = "SELECT value FROM ir_config_parameter WHERE key = 'ir_attachment.location'"
    assert instance.stack.postgresql.query(instance.name, sql) == ["s3"]


def test_an_installation_that_is_refused_says_why(instance: Instance, page: Page) -> None:
    call(instance, "ir.config_parameter", "set_param", "cloud.platform.kind", "")
    open_page(page, instance)
    # the tests give Swift no container
    page.locator(".o_install").last.click()
    dialog = page.locator(".modal")
    expect(dialog).to_contain_text("SWIFT_WRITE_CONTAINER")
    dialog.locator("button.btn-primary").click()
    call(instance, "ir.config_parameter", "set_param", "cloud.platform.kind", "s3")


def test_a_move_is_stopped(instance: Instance, page: Page) -> None:
    call(instance, "ir.config_parameter", "set_param", "ir_attachment.location", "db")
    open_page(page, instance)
    page.click(".o_start")
    page.wait_for_selector(".o_stop")
    page.click(".o_stop")
    page.wait_for_selector(".o_last_move", timeout=120_000)
    assert "The last move was stopped" in page.inner_text(".o_last_move")
    call(instance, "ir.config_parameter", "set_param", "ir_attachment.location", "s3")
    call(instance, "ir.attachment", "force_storage")


def test_only_administrators_see_and_use_it(instance: Instance) -> None:
    user = call(
        instance,
        "res.users",
        "create",
        {"name": "somebody", "login": "somebody", "password": "somebody-1"},
    )
    models = xmlrpc.client.ServerProxy(f"{instance.nginx.url}/xmlrpc/2/object")
    for method in ("page", "install", "status", "start_move", "stop_move", "check"):
        with pytest.raises(xmlrpc.client.Fault, match="Only administrators"):
            models.execute_kw(instance.name, user, "somebody-1", "cloud.platform", method, [])
