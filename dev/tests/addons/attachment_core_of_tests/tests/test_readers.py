"""Every reader of attachments in core gets the same bytes from every storage."""

import base64
import io
import zipfile

from odoo.tests import HttpCase, tagged

from odoo.addons.base_attachment_object_storage.store import StoreUri

from .test_core import AtLocation


@tagged("post_install", "-at_install")
class TestReaders(AtLocation, HttpCase):
    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"]
        self.location = self.attachments._storage()
        partner = self.env.ref("base.partner_admin")
        self.files = self.attachments.create(
            [
                {
                    "name": name,
                    "raw": raw,
                    "mimetype": "application/pdf",
                    "res_model": "res.partner",
                    "res_id": partner.id,
                }
                for name, raw in (("one.pdf", b"%PDF one"), ("two.pdf", b"%PDF two"))
            ]
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def assert_stored(self, attachment):
        self.assertEqual(self.attachments._storage(), self.location)
        if self.location != "file":
            self.assertEqual(StoreUri.parse(attachment.store_fname).scheme, self.location)

    def test_a_zip_file_has_the_bytes_of_each_attachment(self):
        self.assert_stored(self.files[0])
        self.authenticate("admin", "admin")
        form = {
            "file_ids": ",".join(map(str, self.files.ids)),
            "zip_name": "both.zip",
            "csrf_token": self.csrf_token(),
        }
        answer = self.url_open("/mail/attachment/zip", data=form)
        self.assertEqual(answer.status_code, 200)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as both:
            found = {name: both.read(name) for name in both.namelist()}
        self.assertEqual(found, {"one.pdf": b"%PDF one", "two.pdf": b"%PDF two"})

    def csrf_token(self):
        page = self.url_open("/web").text
        return page.partition('csrf_token: "')[2].partition('"')[0]

    def test_a_mail_has_the_bytes_of_its_attachments(self):
        mail = self.env["mail.mail"].create(
            {
                "subject": "files",
                "email_from": "one@example.com",
                "email_to": "two@example.com",
                "attachment_ids": [(6, 0, self.files.ids)],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        sent = mail._prepare_outgoing_list()[0]["attachments"]
        self.assertEqual(
            {(name, content) for name, content, _mimetype in sent},
            {("one.pdf", b"%PDF one"), ("two.pdf", b"%PDF two")},
        )

    def test_a_report_that_is_kept_is_given_again(self):
        report = self.env["ir.actions.report"].create(
            {
                "name": "kept",
                "model": "res.partner",
                "report_name": "attachment_core_of_tests.kept",
                "attachment": "'one.pdf'",
                "attachment_use": True,
            }
        )
        partner = self.env.ref("base.partner_admin")
        found = report.retrieve_attachment(partner)
        self.assertEqual(found, self.files[0])
        streams = report._render_qweb_pdf_prepare_streams(report, {}, res_ids=partner.ids)
        self.assertEqual(streams[partner.id]["stream"].getvalue(), b"%PDF one")

    def test_an_asset_bundle_is_made_kept_and_given(self):
        self.authenticate("admin", "admin")
        self.attachments.search([("url", "=like", "/web/assets/%")]).unlink()
        link = "/web/assets/any/web.assets_frontend_minimal.min.js"
        if not hasattr(self.env["ir.asset"], "_get_asset_bundle_url"):  # 17.0 names it otherwise
            link = "/web/assets/1/any/web.assets_frontend_minimal.min.js"
        first = self.url_open(link)
        self.assertEqual(first.status_code, 200)
        bundle = self.attachments.search([("url", "=like", "/web/assets/%minimal.min.js")])
        self.assert_stored(bundle[:1])
        self.assertEqual(self.url_open(link).content, first.content)
        self.assertEqual(bundle[:1].raw, first.content)
        self.assertIn(b"odoo", first.content)

    def test_an_upload_is_stored_and_given_back(self):
        self.authenticate("admin", "admin")
        answer = self.url_open(
            "/web/binary/upload_attachment",
            data={"model": "res.partner", "id": "3", "csrf_token": self.csrf_token()},
            files={"ufile": ("new.pdf", b"%PDF new", "application/pdf")},
        )
        number = answer.json()[0]["id"]
        self.assert_stored(self.attachments.browse(number))
        got = self.url_open(f"/web/content/{number}")
        self.assertEqual(got.content, b"%PDF new")
        self.assertEqual(base64.b64decode(self.attachments.browse(number).datas), b"%PDF new")
