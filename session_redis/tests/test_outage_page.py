import json

from lxml import html
from werkzeug.test import Client

from odoo.tests import BaseCase, tagged

from ..exceptions import DatabaseUnavailable, SessionStoreUnavailable
from ..outage_page import TEXTS


@tagged("-at_install", "post_install")
class TestOutagePage(BaseCase):
    def answer(self, error=SessionStoreUnavailable, method="GET", **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(error()).open("/web", method=method, headers=names)

    def test_a_browser_gets_a_page_with_a_retry_in_its_language(self):
        for accepted, language in (
            *((None, "en"), ("de-CH,de;q=0.9,en;q=0.5", "de"), ("fr", "fr")),
            *(("es-MX", "es"), ("ja,it;q=0.5", "en"), ("broken;;q=,", "en")),
        ):
            with self.subTest(accepted=accepted):
                headers = {"Accept-Language": accepted} if accepted else {}
                answer = self.answer(Accept="text/html,*/*;q=0.8", **headers)
                self.assertEqual(answer.status_code, 503)
                self.assertEqual(answer.headers["Retry-After"], "5")
                self.assertEqual(answer.headers["Cache-Control"], "no-store")
                page = html.fromstring(answer.data)
                self.assertEqual(page.get("lang"), language)
                texts = TEXTS[language]
                self.assertEqual(page.xpath("string(//h1)"), texts.title)
                self.assertEqual(page.xpath("string(//p)"), texts.explanation)
                self.assertEqual(page.xpath("string(//main//a[@href=''])"), texts.retry)

    def test_the_page_needs_nothing_else(self):
        page = html.fromstring(self.answer().data)
        self.assertFalse(page.xpath("//script | //link | //img | //iframe | //*[@src]"))
        self.assertNotIn(b"url(", self.answer().data)

    def test_the_page_is_loaded_again_unless_it_answers_a_form(self):
        self.assertIn(b'http-equiv="refresh"', self.answer().data)
        self.assertNotIn(b"http-equiv", self.answer(method="POST").data)

    def test_programs_get_json_that_core_shows_to_users(self):
        for headers in (
            {"Content_Type": "application/json"},
            {"Content_Type": "application/json; charset=utf-8", "Accept": "text/html"},
            {"Accept": "application/json"},
        ):
            with self.subTest(headers=headers):
                answer = self.answer(method="POST", Accept_Language="fr", **headers)
                self.assertEqual(answer.status_code, 503)
                self.assertEqual(answer.headers["Retry-After"], "5")
                self.assertEqual(answer.mimetype, "application/json")
                error = json.loads(answer.data)["error"]
                self.assertEqual(error["code"], 503)
                self.assertEqual(error["data"]["message"], TEXTS["fr"].explanation)
                self.assertEqual(error["data"]["name"], "odoo.exceptions.UserError")

    def test_a_program_that_accepts_anything_gets_the_page(self):
        self.assertEqual(self.answer(Accept="*/*").mimetype, "text/html")

    def test_an_outage_of_the_database_has_the_same_page(self):
        answer = self.answer(DatabaseUnavailable)
        self.assertEqual(answer.data, self.answer().data)
