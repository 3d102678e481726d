from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.tls import TLSContract

ASK = """
from odoo.addons.attachment_s3.client import client_for
from odoo.addons.attachment_s3.settings import S3Settings
try:
    client_for(S3Settings.read()).list_buckets()
except Exception as error:
    print(error)
"""


@tagged("post_install", "-at_install")
class TestTLS(TLSContract, BaseCase):
    ask = ASK
    authorities = "AWS_CA_BUNDLE"

    def variables(self, address):
        return {"AWS_HOST": address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
