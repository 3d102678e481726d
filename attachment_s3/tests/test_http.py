"""Downloads of attachments on real servers."""

from odoo.tests import HttpCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.http import HttpContract
from odoo.addons.base_attachment_object_storage.tests.contracts.http_fault import HttpFaultContract
from odoo.addons.base_attachment_object_storage.tests.contracts.outage import HttpOutageContract
from odoo.addons.base_attachment_object_storage.tests.contracts.serving import ServingContract

from .common import OtherServer, S3SetUp
from .test_faults import S3Faults


@tagged("post_install", "-at_install")
class TestHttp(S3SetUp, HttpOutageContract, HttpCase):
    pass


@tagged("post_install", "-at_install")
class TestServing(S3SetUp, ServingContract, HttpCase):
    pass


@tagged("post_install", "-at_install")
class TestSwiftS3Http(OtherServer, S3SetUp, HttpContract, HttpCase):
    """OpenStack Swift, by its S3 API."""

    server = "swift_s3"


@tagged("post_install", "-at_install")
class TestSwiftS3Serving(OtherServer, S3SetUp, ServingContract, HttpCase):
    server = "swift_s3"


@tagged("post_install", "-at_install")
class TestHttpFaults(S3Faults, S3SetUp, HttpFaultContract, HttpCase):
    pass
