"""Downloads of attachments on the real server."""

from odoo.tests import HttpCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.http_fault import HttpFaultContract
from odoo.addons.base_attachment_object_storage.tests.contracts.outage import HttpOutageContract
from odoo.addons.base_attachment_object_storage.tests.contracts.serving import ServingContract

from .common import SwiftSetUp
from .test_faults import LIBRARY_LOG, SwiftFaults


@tagged("post_install", "-at_install")
class TestHttp(SwiftSetUp, HttpOutageContract, HttpCase):
    pass


@tagged("post_install", "-at_install")
class TestServing(SwiftSetUp, ServingContract, HttpCase):
    pass


@tagged("post_install", "-at_install")
class TestHttpFaults(SwiftFaults, HttpFaultContract, HttpCase):
    loud = (LIBRARY_LOG,)
