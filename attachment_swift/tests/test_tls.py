from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.tls import TLSContract

ASK = """
from odoo.addons.attachment_swift.client import SwiftClient
from odoo.addons.attachment_swift.settings import SwiftSettings
try:
    SwiftClient(SwiftSettings.read()).endpoint()
except Exception as error:
    print(error, error.__cause__)
"""


@tagged("post_install", "-at_install")
class TestTLS(TLSContract, BaseCase):
    ask = ASK
    authorities = "SWIFT_CACERT"

    def variables(self, address):
        return {
            "SWIFT_AUTH_URL": f"{address}/v3",
            "SWIFT_ACCOUNT": "a",
            "SWIFT_PASSWORD": "b",
            "SWIFT_PROJECT_NAME": "c",
        }
