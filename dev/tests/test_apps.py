"""The addons in Odoo's Apps screen."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from support.browser import browser_page, call, log_in

from dev.commands import icons
from dev.instance import Instance
from dev.manifests import manifests

# the page of an addon is index.html; core shows README.rst if an addon has no such page
DESCRIPTIONS = """\
import json
import re
from docutils.core import publish_string
from odoo.addons.base.models.ir_module import MyWriter
shown = {}
for module in env['ir.module.module'].search([('name', 'in', %r)]):
    settings = {'file_insertion_enabled': False, 'output_encoding': 'unicode'}
    readme = publish_string(module.description, settings_overrides=settings, writer=MyWriter())
    shown[module.name] = {
        'page': str(module.description_html), 'readme': readme, 'icon': module.icon,
        'author': module.author, 'website': module.website, 'license': module.license,
    }
print('SHOWN', json.dumps(shown))
"""


@pytest.fixture(scope="module")
def printed(prepared: Instance) -> str:
    return prepared.shell(DESCRIPTIONS % list(manifests()), prepared.directory)


def test_odoo_renders_the_descriptions_without_a_warning(printed: str) -> None:
    complaint = re.compile(r"\((WARNING|ERROR|SEVERE)/|ir_module|DeprecationWarning")
    assert not complaint.search(printed)


@pytest.mark.parametrize("addon", sorted(manifests()))
def test_odoo_shows_what_the_manifest_says(printed: str, addon: str) -> None:
    [line] = [line for line in printed.splitlines() if line.startswith("SHOWN ")]
    shown: dict[str, Any] = json.loads(line.removeprefix("SHOWN "))[addon]
    assert shown["icon"] == f"/{addon}/static/description/icon.png"
    for text in (shown["page"], shown["readme"]):
        assert "Bug Tracker" in text
        assert 'class="system-message' not in text
    manifest = manifests()[addon]
    assert shown["author"] == manifest["author"]
    assert shown["website"] == manifest["website"]
    assert shown["license"] == "AGPL-3"


def test_the_apps_screen_shows_every_icon(instance: Instance, tmp_path: Path) -> None:
    values = {
        "name": "The suite",
        "res_model": "ir.module.module",
        "view_mode": "kanban,form",
        "domain": str([("name", "in", list(manifests()))]),
    }
    action = call(instance, "ir.actions.act_window", "create", values)
    with browser_page(instance) as page:
        log_in(page)
        page.goto(f"/web#action={action}")
        cards = page.locator(".o_kanban_record:not(.o_kanban_ghost)")
        expect(cards).to_have_count(len(manifests()))
        images = "[...document.querySelectorAll('.o_kanban_record img')]"
        page.wait_for_function(f"() => {images}.every(image => image.complete)")
        page.screenshot(path=str(tmp_path / "apps.png"))
        width = "image => [image.getAttribute('src'), image.naturalWidth]"
        shown = dict(page.evaluate(f"() => {images}.map({width})"))
    assert shown == {f"/{addon}/static/description/icon.png": icons.SIZE for addon in manifests()}
