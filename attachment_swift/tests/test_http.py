"""Downloads of attachments on the real server."""

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.store import StoreUri
from odoo.addons.base_attachment_object_storage.tests.attachment_setup import LOG
from odoo.addons.base_attachment_object_storage.tests.http_contract import HTTP_LOG, HttpContract
from odoo.addons.base_attachment_object_storage.tests.http_fault_contract import (
    HttpFaultContract,
)
from odoo.addons.base_attachment_object_storage.tests.serving_contract import ServingContract

from .common import ClosedPort, SwiftSetUp
from .test_faults import LIBRARY_LOG, SwiftFaults


@tagged("post_install", "-at_install")
class TestHttp(SwiftSetUp, ClosedPort, HttpContract, HttpCase):
    @mute_logger(LOG, HTTP_LOG)
    def test_an_outage_is_503_and_a_304_goes_on(self):
        etag = self.get().headers["ETag"]
        self.close_the_port()
        response = self.get()
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "30")
        for name in ("127.0.0.1", StoreUri.parse(self.attachment.store_fname).container):
            self.assertNotIn(name, response.text)
        self.assertEqual(self.get(**{"If-None-Match": etag}).status_code, 304)


@tagged("post_install", "-at_install")
class TestServing(SwiftSetUp, ServingContract, HttpCase):
    pass


@tagged("post_install", "-at_install")
class TestHttpFaults(SwiftFaults, HttpFaultContract, HttpCase):
    loud = (LIBRARY_LOG,)
