"""The server's certificate is verified, whatever other variables are set."""

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_settings.tests.new_process import run_python
from odoo.addons.cloud_settings.tests.services import service

ASK = """
from odoo.addons.attachment_swift.client import SwiftClient
from odoo.addons.attachment_swift.settings import SwiftSettings
try:
    SwiftClient(SwiftSettings.read()).endpoint()
except Exception as error:
    print(error, error.__cause__)
"""


@tagged("post_install", "-at_install")
class TestTLS(BaseCase):
    def test_blank_variables_do_not_switch_off_the_verification(self):
        # no Keystone, but a server whose certificate nobody knows: it is asked for nothing
        server = service("redis_tls")
        told = run_python(
            ASK,
            SWIFT_AUTH_URL=f"https://127.0.0.1:{server['port']}/v3",
            SWIFT_ACCOUNT="a",
            SWIFT_PASSWORD="b",
            SWIFT_PROJECT_NAME="c",
            **dict.fromkeys(("SWIFT_CACERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), ""),
        )
        self.assertIn("certificate verify failed", told.lower())
