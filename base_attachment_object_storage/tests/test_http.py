"""Downloads of attachments on the memory store."""

from odoo.tests import HttpCase, tagged

from .http_contract import HttpContract
from .test_attachment import MemorySetUp


@tagged("post_install", "-at_install")
class TestHttp(MemorySetUp, HttpContract, HttpCase):
    pass
