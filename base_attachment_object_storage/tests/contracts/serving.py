"""Downloads that the store or nginx sends, by URLs that the store has signed."""

import re
from urllib.parse import unquote

import requests

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from ...download.serving import PARAMETER
from ...download.stream import INTERNAL_LOCATION
from ...settings import StorageSettings
from ..attachment_setup import LOG, noise
from .http import HTTP_LOG, NAMES, HttpSetUp, name_in

THROUGH_NGINX = {"X-Accel-Object": "1"}


class ServingContract(HttpSetUp):
    """Mixed into an ``HttpCase`` whose store presigns URLs."""

    # for requests: True, or a file of certificates
    authorities = True

    def serve(self, how):
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, how)

    def visit(self, path="", **headers):
        """Return Odoo's own response, without following a redirect."""
        path = path or f"/web/content/{self.attachment.id}"
        return self.url_open(path, headers=headers, allow_redirects=False)

    def download(self, attachment=None):
        return f"/web/content/{(attachment or self.attachment).id}?download=1"

    def at_the_store(self, url, **headers):
        return requests.get(url, headers=headers, timeout=20, verify=self.authorities)

    def new_public(self, raw, **values):
        attachment = self.new(raw, public=True, **values)
        self.env.flush_all()
        self.calls.clear()
        return attachment

    # --- redirect

    def test_a_redirect_leads_to_the_file_with_its_name_and_type(self):
        self.serve("redirect")
        named = self.new_public(b"%PDF a report", name="Rapport d'été + 100 % €.pdf")
        answer = self.visit(self.download(named))
        self.assertEqual(answer.status_code, 302)
        file = self.at_the_store(answer.headers["Location"])
        self.assertEqual((file.status_code, file.content), (200, b"%PDF a report"))
        self.assertEqual(file.headers["Content-Type"], "application/pdf")
        disposition = file.headers["Content-Disposition"]
        self.assertTrue(disposition.startswith("attachment"), disposition)
        self.assertIn("filename*=UTF-8''", disposition)
        self.assertIn("Rapport d'été + 100 % €.pdf", unquote(disposition))
        self.assertNotIn("open", self.calls)

    def test_a_redirect_gives_the_file_any_name(self):
        self.serve("redirect")
        for number, name in enumerate(NAMES):
            content = b"content %d" % number
            answer = self.visit(self.download(self.new_public(content, name=name)))
            with self.subTest(name):
                self.assertEqual(answer.status_code, 302)
                file = self.at_the_store(answer.headers["Location"])
                self.assertEqual((file.status_code, file.content), (200, content))
                # browsers replace a slash in a file name; Swift cannot send a slash
                self.assertIn(name_in(file), (name, name.replace("/", "_")))

    def test_a_redirect_is_never_permanent_and_not_kept(self):
        self.serve("redirect")
        answer = self.visit()
        self.assertEqual(answer.status_code, 302)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertNotIn("ETag", answer.headers)

    def test_a_redirect_to_a_file_that_browsers_may_keep_is_kept_less_long_than_its_url(self):
        self.serve("redirect")
        answer = self.visit(f"/web/content/{self.attachment.id}?unique=abc")
        self.assertEqual(answer.status_code, 302)
        self.assertEqual(answer.headers["Cache-Control"], "private, max-age=150")

    def test_a_url_lives_as_long_as_the_settings_say(self):
        settings = StorageSettings().model_copy(update={"url_seconds": -60})
        model = self.registry["ir.attachment"]
        self.patch(model, "_attachment_storage_settings", lambda records: settings)
        self.serve("redirect")
        answer = self.at_the_store(self.visit().headers["Location"])
        self.assertIn(answer.status_code, (400, 401, 403))
        self.assertNotIn(self.content[:256], answer.content)

    def test_a_redirect_gives_ranges(self):
        self.serve("redirect")
        answer = self.at_the_store(self.visit().headers["Location"], Range="bytes=5-9")
        self.assertEqual((answer.status_code, answer.content), (206, self.content[5:10]))

    def test_an_unchanged_file_is_304_and_no_redirect(self):
        etag = self.visit().headers["ETag"]
        for how in ("redirect", "x-accel"):
            self.serve(how)
            self.sent.clear()
            answer = self.visit(**{"If-None-Match": etag}, **THROUGH_NGINX)
            self.assertEqual((answer.status_code, self.sent), (304, []))

    def test_head_is_answered_by_odoo(self):
        # the URL is signed for GET, so a store may refuse HEAD
        for how in ("redirect", "x-accel"):
            self.serve(how)
            answer = self.head(**THROUGH_NGINX)
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.headers["Content-Length"], str(len(self.content)))
            self.assertNotIn("X-Object-Url", answer.headers)

    def test_nobody_is_sent_to_a_file_that_odoo_does_not_let_him_read(self):
        self.attachment.public = False
        self.env.flush_all()
        for how in ("redirect", "x-accel"):
            self.serve(how)
            answer = self.visit(**THROUGH_NGINX)
            self.assertEqual(answer.status_code, 404)
            for name in ("Location", "X-Accel-Redirect", "X-Object-Url"):
                self.assertNotIn(name, answer.headers)

    def test_what_a_browser_would_run_is_never_opened_from_the_store(self):
        self.serve("redirect")
        script = b"<script>alert(document.domain)</script>"
        for mimetype in (
            "text/html",
            "text/html; charset=utf-8",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/xml",
            "text/javascript",
            "text/plainer",
            "Text/HTML",
        ):
            page = self.new_public(script, mimetype=mimetype, name="page")
            # core changes some types to plain text if the user may not write scripts
            self.env.cr.execute(
                "UPDATE ir_attachment SET mimetype = %s WHERE id = %s", (mimetype, page.id)
            )
            self.env.invalidate_all()
            with self.subTest(mimetype):
                answer = self.visit(f"/web/content/{page.id}")
                self.assertEqual((answer.status_code, answer.content), (200, script))
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(answer.headers["Content-Security-Policy"], "default-src 'none'")
                offered = self.visit(self.download(page))
                if offered.status_code == 302:
                    file = self.at_the_store(offered.headers["Location"])
                    disposition = file.headers["Content-Disposition"]
                    self.assertTrue(disposition.startswith("attachment"), disposition)

    def test_a_type_of_the_url_opens_nothing_from_the_store_that_browsers_run(self):
        self.serve("redirect")
        answer = self.visit(f"/web/content/{self.attachment.id}?mimetype=text/html")
        self.assertEqual((answer.status_code, answer.content), (200, self.content))

    def test_one_object_serves_rows_of_different_types(self):
        self.serve("redirect")
        raw = b"the same content in two rows"
        pdf = self.new_public(raw, name="a.pdf")
        text = self.new_public(raw, name="a.txt", mimetype="text/plain")
        self.assertEqual(pdf.store_fname, text.store_fname)
        for attachment in (pdf, text):
            answer = self.visit(f"/web/content/{attachment.id}")
            if answer.status_code == 302:
                answer = self.at_the_store(answer.headers["Location"])
            self.assertEqual(answer.content, raw)
            mimetype = answer.headers["Content-Type"].partition(";")[0]
            self.assertEqual(mimetype, attachment.mimetype)

    def test_a_script_that_reads_a_file_gets_it_from_odoo(self):
        self.serve("redirect")
        for mode, status in (("cors", 200), ("same-origin", 200), ("no-cors", 302)):
            with self.subTest(mode):
                answer = self.visit(**{"Sec-Fetch-Mode": mode})
                self.assertEqual(answer.status_code, status)

    def test_a_redirect_that_a_browser_keeps_is_not_used_for_a_script(self):
        self.serve("redirect")
        answer = self.visit(f"/web/content/{self.attachment.id}?unique=abc")
        self.assertEqual(answer.status_code, 302)
        self.assertIn("Sec-Fetch-Mode", answer.headers["Vary"])
        self.assertIn("Accept", answer.headers["Vary"])

    def test_a_browser_that_does_not_say_what_reads_is_redirected_for_pages_and_images(self):
        self.serve("redirect")
        browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}
        for accept, status in (
            ("text/html,application/xhtml+xml,*/*;q=0.8", 302),
            ("image/avif,image/webp,image/*,*/*;q=0.8", 302),
            ("*/*", 200),
        ):
            with self.subTest(accept):
                answer = self.visit(**browser, Accept=accept)
                self.assertEqual(answer.status_code, status)

    def test_what_is_played_is_sent_by_odoo_and_a_download_of_it_by_the_store(self):
        self.serve("redirect")
        for mimetype in ("video/mp4", "audio/mpeg", "Video/WebM", "audio/ogg; codecs=opus"):
            film = self.new_public(self.content + mimetype.encode(), name="film")
            self.env.cr.execute(
                "UPDATE ir_attachment SET mimetype = %s WHERE id = %s", (mimetype, film.id)
            )
            self.env.invalidate_all()
            with self.subTest(mimetype):
                answer = self.visit(f"/web/content/{film.id}", Range="bytes=5-9")
                self.assertEqual((answer.status_code, answer.content), (206, self.content[5:10]))
                self.assertNotIn("Location", answer.headers)
                through = self.visit(f"/web/content/{film.id}", **THROUGH_NGINX)
                self.assertEqual(through.status_code, 200)

    def test_a_resized_image_is_sent_by_odoo(self):
        picture = self.new_public(noise((300, 300)), mimetype="image/png", name="a.png")
        for how in ("redirect", "x-accel"):
            self.serve(how)
            answer = self.visit(f"/web/image/{picture.id}/30x30", **THROUGH_NGINX)
            self.assertEqual(answer.status_code, 200)
            self.assertTrue(answer.content.startswith(b"\x89PNG"))

    @mute_logger(LOG, HTTP_LOG)
    def test_a_storage_that_is_switched_off_gives_no_urls(self):
        self.disable_storage()
        for how in ("redirect", "x-accel"):
            self.serve(how)
            self.assertEqual(self.visit(**THROUGH_NGINX).status_code, 503)

    # --- X-Accel; with nginx itself: dev/tests/test_downloads.py

    def test_nginx_gets_the_url_in_a_header_of_its_own(self):
        self.serve("x-accel")
        answer = self.visit(**THROUGH_NGINX)
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertEqual(answer.headers["X-Accel-Redirect"], INTERNAL_LOCATION)
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertEqual(self.at_the_store(answer.headers["X-Object-Url"]).content, self.content)
        self.assertNotIn("X-Object-Range", answer.headers)
        self.assertEqual(self.sent, [])

    def test_odoo_tells_nginx_which_range_to_ask_for(self):
        self.serve("x-accel")
        etag = self.visit().headers["ETag"]
        expected = {
            ("bytes=5-9", etag): "bytes=5-9",
            ("bytes=-4", None): f"bytes={len(self.content) - 4}-{len(self.content) - 1}",
            ("bytes=5-9", '"0123"'): None,
            ("bytes=5-9,11-12", None): None,
        }
        for (wanted, condition), passed in expected.items():
            headers = {"Range": wanted, **({"If-Range": condition} if condition else {})}
            with self.subTest(headers):
                answer = self.visit(**headers, **THROUGH_NGINX)
                self.assertEqual(answer.headers.get("X-Object-Range"), passed)
        behind = {"Range": f"bytes={len(self.content)}-"}
        self.assertEqual(self.visit(**behind, **THROUGH_NGINX).status_code, 416)

    def test_who_does_not_come_through_nginx_gets_the_bytes(self):
        self.serve("x-accel")
        answer = self.visit()
        self.assertEqual((answer.status_code, answer.content), (200, self.content))
        self.assertNotIn("X-Object-Url", answer.headers)

    # --- settings

    def test_the_database_decides_before_the_environment(self):
        attachments = self.attachments
        for environment in ("stream", "redirect", "x-accel"):
            settings = StorageSettings(ATTACHMENT_SERVING=environment)
            model = self.registry["ir.attachment"]
            self.patch(model, "_attachment_storage_settings", lambda records, s=settings: s)
            self.serve("")
            self.assertEqual(attachments._storage_serving().value, environment)
            self.serve("redirect")
            self.assertEqual(attachments._storage_serving().value, "redirect")

    def test_a_wrong_parameter_is_refused_and_named(self):
        with self.assertRaisesRegex(ValidationError, f"{re.escape(PARAMETER)}.*redirect"):
            self.serve("redirects")
