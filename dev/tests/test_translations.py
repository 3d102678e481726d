"""French, German and Spanish: complete, and seen by users."""

import base64
import re
import subprocess
import xmlrpc.client
from collections.abc import Iterator

import pytest
from support.browser import browser_page, call, log_in, open_page

from dev.commands import translations
from dev.instance import Instance
from dev.manifests import manifests

TRANSLATED = [addon for addon in sorted(manifests()) if translations.template(addon)]
MODULE_EXPORT = """\
wizard = env['base.language.export'].create({
    'lang': '__new__', 'format': 'po',
    'modules': [(6, 0, env['ir.module.module'].search([('name', '=', %r)]).ids)],
})
wizard.act_getfile()
print('EXPORTED', (wizard.data or b'').decode().replace('\\n', ''))
"""
# texts for users: a heading of the page, an error, a menu
SEEN = {
    "fr_FR": ("Vérifications", "Seuls les administrateurs", "Plateforme cloud"),
    "de_DE": ("Prüfungen", "Nur Administratoren", "Cloud-Plattform"),
    "es_ES": ("Comprobaciones", "Solo los administradores", "Plataforma en la nube"),
}
MENU = "SELECT res_id FROM ir_model_data WHERE module = 'cloud_platform' AND name = 'menu_page'"


@pytest.mark.parametrize("addon", TRANSLATED)
def test_every_term_of_the_template_is_translated(addon: str) -> None:
    for path in translations.paths(addon):
        gettext("msgfmt", "--check", "--output-file=/dev/null", path)
        gettext("msgcmp", path, translations.template_path(addon))
        text = path.read_text()
        assert "fuzzy" not in text, path
        assert "#~" not in text, f"{path} has terms that are gone"


def gettext(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_templates_are_what_odoo_exports(prepared: Instance) -> None:
    for addon in sorted(manifests()):
        exported = export(prepared, addon)
        committed = translations.template(addon)
        if prepared.stack.odoo.series == "19.0":
            fresh = translations.without_dates(exported)
            assert fresh == translations.without_dates(committed), addon
        else:
            assert terms(exported) <= terms(committed), addon


def export(prepared: Instance, addon: str) -> str:
    printed = prepared.shell(MODULE_EXPORT % addon, prepared.directory)
    found = re.search(r"^EXPORTED (\S*)$", printed, re.MULTILINE)
    assert found, printed
    return base64.b64decode(found[1]).decode()


def terms(text: str) -> set[str]:
    """Return the terms of a template, each as it is quoted there."""
    blocks = re.findall(r'^msgid ((?:".*"\n)+)', text, re.MULTILINE)
    # the empty term belongs to the header
    return {"".join(line[1:-1] for line in block.splitlines()) for block in blocks} - {""}


@pytest.fixture(scope="module")
def languages(instance: Instance) -> Iterator[Instance]:
    """The instance with the languages, and a user who is not an administrator."""
    found = call(
        instance,
        "res.lang",
        "search",
        [("code", "in", list(SEEN)), ("active", "in", [True, False])],
    )
    wizard = call(instance, "base.language.install", "create", {"lang_ids": [(6, 0, found)]})
    call(instance, "base.language.install", "lang_install", [wizard])
    yield instance
    call(instance, "res.users", "write", [2], {"lang": "en_US"})


@pytest.fixture(scope="module")
def reader(languages: Instance) -> int:
    values = {"name": "reader", "login": "reader", "password": "reader-1"}
    return int(call(languages, "res.users", "create", values))


@pytest.mark.parametrize("language", SEEN)
def test_the_page_is_translated(languages: Instance, language: str) -> None:
    heading, _error, menu = SEEN[language]
    call(languages, "res.users", "write", [2], {"lang": language})
    with browser_page(languages) as page:
        log_in(page)
        open_page(page, languages)
        assert heading in page.locator(".o_cloud_platform h2").all_inner_texts()
        assert page.inner_text(".o_cloud_platform h1") == menu
        # a sentence that a script makes
        assert "%" not in page.inner_text(".o_cloud_platform")
    [menu_id] = languages.stack.postgresql.query(languages.name, MENU)
    context = {"lang": language}
    [record] = call(languages, "ir.ui.menu", "read", [int(menu_id)], ["name"], context=context)
    assert record["name"] == menu


@pytest.mark.parametrize("language", SEEN)
def test_an_error_is_translated(languages: Instance, reader: int, language: str) -> None:
    _heading, error, _menu = SEEN[language]
    models = xmlrpc.client.ServerProxy(f"{languages.nginx.url}/xmlrpc/2/object")
    who, keywords = (languages.name, reader, "reader-1"), {"context": {"lang": language}}
    with pytest.raises(xmlrpc.client.Fault, match=error):
        models.execute_kw(*who, "cloud.platform", "page", [], keywords)
