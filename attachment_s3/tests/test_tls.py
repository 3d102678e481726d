"""The server's certificate is verified, whatever other variables are set."""

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_settings.tests.new_process import run_python
from odoo.addons.cloud_settings.tests.services import service

ASK = """
from odoo.addons.attachment_s3.client import client_for
from odoo.addons.attachment_s3.settings import S3Settings
try:
    client_for(S3Settings.read()).list_buckets()
except Exception as error:
    print(error)
"""


@tagged("post_install", "-at_install")
class TestTLS(BaseCase):
    def test_blank_variables_do_not_switch_off_the_verification(self):
        # no S3, but a server whose certificate nobody knows: it is asked for nothing
        server = service("redis_tls")
        told = run_python(
            ASK,
            AWS_HOST=f"https://127.0.0.1:{server['port']}",
            AWS_ACCESS_KEY_ID="a",
            AWS_SECRET_ACCESS_KEY="b",
            **dict.fromkeys(("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), ""),
        )
        self.assertIn("certificate verify failed", told.lower())
