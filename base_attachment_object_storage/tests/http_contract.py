"""What HTTP clients get of attachments in a store: mixed in by each backend addon."""

import json

from odoo.tools import mute_logger

from .attachment_contract import LOG, AttachmentSetUp, noise

HTTP_LOG = "odoo.http"


class HttpContract(AttachmentSetUp):
    """Mixed into an ``HttpCase``; see ``AttachmentSetUp``."""

    def setUp(self):
        super().setUp()
        self.content = bytes(range(256)) * 2048
        self.attachment = self.new(self.content, public=True, name="a file.pdf")
        self.env.flush_all()
        self.calls.clear()

    def get(self, path=None, **headers):
        return self.url_open(path or f"/web/content/{self.attachment.id}", headers=headers)

    def test_a_download_is_one_request_to_the_store(self):
        response = self.get()
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.content, self.content)
        self.assertEqual(response.headers["Content-Length"], str(len(self.content)))
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(self.calls, ["open"])

    def test_a_download_by_name_is_offered_under_that_name(self):
        disposition = self.get(f"/web/content/{self.attachment.id}?download=1")
        self.assertIn(
            "a%20file.pdf", disposition.headers["Content-Disposition"].replace(" ", "%20")
        )

    def test_an_unchanged_file_costs_no_request_to_the_store(self):
        etag = self.get().headers["ETag"]
        self.calls.clear()
        response = self.get(**{"If-None-Match": etag})
        self.assertEqual((response.status_code, response.content), (304, b""))
        self.assertEqual(self.calls, [])

    def test_another_etag_gets_the_file(self):
        response = self.get(**{"If-None-Match": '"0123"'})
        self.assertEqual((response.status_code, response.content), (200, self.content))

    def test_a_range_gets_the_whole_file_for_now(self):
        response = self.get(Range="bytes=0-9")
        self.assertEqual((response.status_code, response.content), (200, self.content))

    def test_access_rights_stay_those_of_odoo(self):
        self.attachment.public = False
        self.env.flush_all()
        self.assertEqual(self.get().status_code, 404)
        self.assertEqual(self.calls, [])

    def test_a_resized_image_is_made_of_the_stored_one(self):
        image = noise((300, 300))
        picture = self.new(image, mimetype="image/png", name="a.png", public=True)
        self.assertTrue(picture.store_fname)
        self.env.flush_all()
        response = self.get(f"/web/image/{picture.id}/30x30")
        self.assertEqual(response.status_code, 200)
        self.assertLess(len(response.content), len(image))
        self.assertTrue(response.content.startswith(b"\x89PNG"))
        full = self.get(f"/web/image/{picture.id}")
        self.assertEqual(full.content, image)

    def test_code_that_reads_a_stream_gets_the_bytes(self):
        stream = self.attachment._to_http_stream()
        self.assertEqual(stream.type, "data")
        self.assertEqual(self.calls, [])
        self.assertEqual(stream.read(), self.content)
        self.assertEqual(stream.data, self.content)
        self.assertEqual(self.calls, ["open"])

    @mute_logger(LOG, HTTP_LOG)
    def test_a_missing_object_is_404(self):
        self.lose_object(self.attachment)
        self.assertEqual(self.get().status_code, 404)

    @mute_logger(LOG, HTTP_LOG)
    def test_a_storage_that_is_switched_off_is_503(self):
        self.disable_storage()
        response = self.get()
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "30")
        self.assertEqual(self.calls, [])

    @mute_logger(LOG, HTTP_LOG)
    def test_an_image_of_a_storage_that_is_switched_off_is_503_and_no_placeholder(self):
        picture = self.new(noise((300, 300)), mimetype="image/png", name="a.png", public=True)
        self.env.flush_all()
        self.disable_storage()
        self.assertEqual(self.get(f"/web/image/{picture.id}/30x30").status_code, 503)

    @mute_logger(LOG)
    def test_an_outage_fills_the_log_with_no_tracebacks(self):
        self.disable_storage()
        with self.assertLogs(HTTP_LOG, "WARNING") as logs:
            self.get()
        self.assertNotIn("Traceback", "".join(logs.output))

    @mute_logger(LOG, HTTP_LOG)
    def test_rpc_gets_a_sentence_without_host_and_container(self):
        self.disable_storage()
        self.authenticate("admin", "admin")
        call = {"model": "ir.attachment", "method": "read", "kwargs": {}}
        response = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": {**call, "args": [[self.attachment.id], ["raw"]]}}),
            headers={"Content-Type": "application/json"},
        )
        error = response.json()["error"]["data"]
        self.assertEqual(error["name"], "odoo.exceptions.UserError")
        self.assertIn("does not answer", error["message"])
        self.assertNotIn("://", error["message"] + error["debug"].replace("file://", ""))

    def test_files_outside_the_store_are_served_as_ever(self):
        for location in ("db", "file"):
            with self.subTest(location):
                self.set_location(location)
                other = self.new(b"outside " + location.encode(), public=True)
                self.env.flush_all()
                response = self.get(f"/web/content/{other.id}")
                self.assertEqual(response.content, b"outside " + location.encode())
