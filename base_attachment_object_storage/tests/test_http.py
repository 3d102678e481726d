"""Downloads of attachments on the memory store."""

from odoo.tests import HttpCase, tagged

from ..download.serving import PARAMETER
from ..download.stored_object import _warn_of_missing_urls
from .contracts.http import HttpContract
from .test_attachment import MemorySetUp

SERVE_LOG = "odoo.addons.base_attachment_object_storage.download.stored_object"


@tagged("post_install", "-at_install")
class TestHttp(MemorySetUp, HttpContract, HttpCase):
    def test_a_store_without_urls_is_streamed_and_the_log_says_so_once(self):
        _warn_of_missing_urls.cache_clear()
        for how in ("redirect", "x-accel"):
            self.env["ir.config_parameter"].set_param(PARAMETER, how)
            with self.subTest(how):
                if how == "redirect":
                    with self.assertLogs(SERVE_LOG, "WARNING") as logs:
                        response = self.get()
                    self.assertIn("ATTACHMENT_SERVING", logs.output[0])
                else:
                    with self.assertNoLogs(SERVE_LOG, "WARNING"):
                        response = self.get(**{"X-Accel-Object": "1"})
                self.assertEqual((response.status_code, response.content), (200, self.content))
