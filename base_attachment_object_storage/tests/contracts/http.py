"""Responses to HTTP clients for attachments in a store: mixed in by each backend addon."""

import base64
import json
import os

from werkzeug.http import parse_options_header

from odoo.tools import mute_logger

from odoo.addons.cloud_base.events import operations

from ...store import NotFound, StoreUri
from ..attachment_setup import LOG, AttachmentSetUp, noise

HTTP_LOG = "odoo.http"

# names of attachments from users or from other systems
NAMES = (
    "with  spaces + plus.pdf",
    "Größe 10 € \u2013 日本語 ☃.pdf",
    "../../../etc/passwd.pdf",
    "..\\..\\windows\\system.pdf",
    "/absolute/path.pdf",
    '100 % %2e%2e%2f;"quoted".pdf',
)


def name_in(answer):
    """Return the file name in the headers of a response."""
    return parse_options_header(answer.headers["Content-Disposition"])[1]["filename"]


class HttpSetUp(AttachmentSetUp):
    """Mixed into an ``HttpCase``; see ``AttachmentSetUp``."""

    def setUp(self):
        super().setUp()
        self.content = bytes(range(256)) * 2048
        self.attachment = self.new(self.content, public=True, name="a file.pdf")
        self.env.flush_all()
        self.calls.clear()
        self.sent = []  # (verb, bytes) of each operation on the store
        self.addCleanup(operations.unsubscribe, self.observe)
        operations.subscribe(self.observe)

    def observe(self, operation):
        if operation.component == "object_store":
            self.sent.append((operation.name, operation.bytes))

    def get(self, path=None, **headers):
        return self.url_open(path or f"/web/content/{self.attachment.id}", headers=headers)

    def head(self, **headers):
        # url_open() has a different argument for this in each series
        address = f"{self.base_url()}/web/content/{self.attachment.id}"
        return self.opener.head(address, headers=headers, timeout=20)


class HttpContract(HttpSetUp):
    """Downloads whose bytes are passed on by Odoo."""

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

    def test_any_name_is_that_of_the_download_and_no_path(self):
        for number, name in enumerate(NAMES):
            content = b"content %d" % number
            named = self.new(content, public=True, name=name)
            self.env.flush_all()
            self.assertTrue(StoreUri.parse(named.store_fname).key.isascii())
            with self.subTest(name):
                answer = self.get(f"/web/content/{named.id}?download=1")
                self.assertEqual((answer.status_code, answer.content), (200, content))
                self.assertEqual(name_in(answer), name)

    def test_an_unchanged_file_costs_no_request_to_the_store(self):
        etag = self.get().headers["ETag"]
        self.calls.clear()
        response = self.get(**{"If-None-Match": etag})
        self.assertEqual((response.status_code, response.content), (304, b""))
        self.assertEqual(self.calls, [])

    def test_another_etag_gets_the_file(self):
        response = self.get(**{"If-None-Match": '"0123"'})
        self.assertEqual((response.status_code, response.content), (200, self.content))

    def test_a_range_costs_one_request_for_its_bytes_alone(self):
        size = len(self.content)
        ranges = {
            "bytes=0-9": (0, 9),
            "bytes=10-10": (10, 10),
            f"bytes={size - 3}-": (size - 3, size - 1),
            "bytes=-5": (size - 5, size - 1),
            f"bytes=7-{size * 2}": (7, size - 1),
            f"bytes=-{size * 2}": (0, size - 1),
        }
        for header, (first, last) in ranges.items():
            self.sent.clear()
            with self.subTest(header):
                response = self.get(Range=header)
                self.assertEqual(response.status_code, 206)
                self.assertEqual(response.content, self.content[first : last + 1])
                expected = f"bytes {first}-{last}/{size}"
                self.assertEqual(response.headers["Content-Range"], expected)
                self.assertEqual(response.headers["Content-Length"], str(last - first + 1))
                self.assertEqual(self.sent, [("read", last - first + 1)])

    def test_what_is_no_single_range_of_bytes_gets_the_whole_file(self):
        for header in ("bytes=0-1,5-6", "bytes=9-3", "bytes=-", "bytes=a-b", "lines=1-2", "-"):
            with self.subTest(header):
                response = self.get(Range=header)
                self.assertEqual((response.status_code, response.content), (200, self.content))
                self.assertEqual(response.headers["Accept-Ranges"], "bytes")

    def test_a_range_behind_the_end_is_416_and_costs_no_request(self):
        for header in (f"bytes={len(self.content)}-", "bytes=-0"):
            response = self.get(Range=header)
            self.assertEqual(response.status_code, 416)
            self.assertEqual(response.headers["Content-Range"], f"bytes */{len(self.content)}")
        self.assertEqual(self.sent, [])

    def test_a_range_on_a_condition_is_one_of_the_same_content_only(self):
        whole = self.get()
        etag, date = whole.headers["ETag"], whole.headers["Last-Modified"]
        for condition, status in ((etag, 206), ('"0123"', 200), (f"W/{etag}", 200), (date, 200)):
            with self.subTest(condition):
                response = self.get(**{"Range": "bytes=1-2", "If-Range": condition})
                self.assertEqual(response.status_code, status)
                expected = self.content[1:3] if status == 206 else self.content
                self.assertEqual(response.content, expected)

    def test_a_range_of_an_unchanged_file_is_304(self):
        etag = self.get().headers["ETag"]
        self.sent.clear()
        response = self.get(**{"Range": "bytes=1-2", "If-None-Match": etag})
        self.assertEqual((response.status_code, self.sent), (304, []))

    def test_another_file_than_the_one_expected_is_412_and_costs_no_request(self):
        response = self.get(**{"If-Match": '"0123"'})
        self.assertEqual((response.status_code, response.content), (412, b""))
        self.assertEqual(self.sent, [])

    def test_a_row_that_tells_a_wrong_size_gets_no_wrong_range(self):
        for size in (len(self.content) + 10, len(self.content) - 10, None):
            self.env.cr.execute(
                "UPDATE ir_attachment SET file_size = %s WHERE id = %s",
                (size, self.attachment.id),
            )
            self.env.invalidate_all()
            with self.subTest(size):
                response = self.get(Range=f"bytes={len(self.content) - 12}-")
                self.assertEqual((response.status_code, response.content), (200, self.content))

    @mute_logger(LOG)
    def test_a_range_of_a_row_that_is_longer_than_its_object_gets_the_whole_file(self):
        self.env.cr.execute(
            "UPDATE ir_attachment SET file_size = file_size * 2 WHERE id = %s",
            (self.attachment.id,),
        )
        self.env.invalidate_all()
        response = self.get(Range=f"bytes={len(self.content)}-")
        self.assertEqual((response.status_code, response.content), (200, self.content))

    def test_head_tells_the_size_and_asks_for_no_bytes(self):
        whole = self.get()
        for headers in ({}, {"Range": "bytes=0-9"}):
            self.sent.clear()
            response = self.head(**headers)
            self.assertEqual((response.status_code, response.content), (200, b""))
            self.assertEqual(response.headers["Content-Length"], str(len(self.content)))
            for name in ("ETag", "Content-Type", "Last-Modified", "Accept-Ranges"):
                self.assertEqual(response.headers[name], whole.headers[name])
            self.assertEqual(self.sent, [("head", 0)])
        self.sent.clear()
        self.assertEqual(self.head(**{"If-None-Match": whole.headers["ETag"]}).status_code, 304)
        self.assertEqual(self.sent, [])

    @mute_logger(LOG, HTTP_LOG)
    def test_head_of_a_missing_object_is_404(self):
        self.lose_object(self.attachment)
        self.assertEqual(self.head().status_code, 404)

    def test_a_name_and_a_type_of_the_url_are_those_of_the_answer(self):
        path = f"/web/content/{self.attachment.id}/othér.txt?mimetype=text/plain&download=1"
        response = self.get(path)
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("oth%C3%A9r.txt", response.headers["Content-Disposition"])
        self.assertEqual(response.content, self.content)

    def test_a_url_for_ever_is_kept_by_browsers_for_a_year(self):
        response = self.get(f"/web/content/{self.attachment.id}?unique=abc")
        self.assertIn("max-age=31536000", response.headers["Cache-Control"])
        self.assertIn("immutable", response.headers["Cache-Control"])

    def test_a_file_without_a_type_gets_the_one_of_its_bytes(self):
        picture = self.new(noise((300, 300)), mimetype="image/png", public=True)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET mimetype = NULL WHERE id = %s", (picture.id,)
        )
        self.env.invalidate_all()
        response = self.get(f"/web/content/{picture.id}")
        self.assertEqual(response.headers["Content-Type"], "image/png")
        self.assertEqual(response.content, noise((300, 300)))

    def test_a_binary_field_is_served_from_the_store(self):
        partner = self.env["res.partner"].create({"name": "Pictured"})
        partner.image_1920 = base64.b64encode(noise((400, 300)))
        self.env.flush_all()
        field = self.attachments.search(
            [
                ("res_model", "=", "res.partner"),
                ("res_field", "=", "image_1920"),
                ("res_id", "=", partner.id),
            ]
        )
        self.assertTrue(StoreUri.parse(field.store_fname))
        self.authenticate("admin", "admin")
        response = self.get(f"/web/image/res.partner/{partner.id}/image_1920")
        self.assertEqual(response.content, noise((400, 300)))
        small = self.get(f"/web/image/res.partner/{partner.id}/image_1920/40x30")
        self.assertTrue(small.content.startswith(b"\x89PNG"))
        self.assertLess(len(small.content), len(response.content))

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
        self.assertEqual(self.calls, ["read"])

    def test_code_that_opens_the_path_of_a_file_gets_a_copy_for_its_transaction(self):
        path = self.attachments._full_path(self.attachment.store_fname)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), self.content)
        self.env.cr.postrollback.run()
        self.assertFalse(os.path.exists(path))

    @mute_logger(LOG, HTTP_LOG)
    def test_the_path_of_a_missing_object_is_an_error(self):
        self.lose_object(self.attachment)
        with self.assertRaises(NotFound):
            self.attachments._full_path(self.attachment.store_fname)

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
