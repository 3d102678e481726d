from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..redaction import redact
from ..settings import LoggingSettings

# as the settings and the start of a server report mistakes, one for each variable
REASONS = (
    "ODOO_SESSION_REDIS_PASSWORD: refused (WRONGPASS invalid username-password pair), or"
    " ODOO_SESSION_REDIS_USERNAME is wrong",
    "ODOO_SESSION_REDIS_SENTINEL_PASSWORD: has white space at its beginning or its end: remove it",
    "ODOO_SESSION_REDIS_URL: may not have the option ssl_cert_reqs: certificates and host names"
    " are always verified",
    "ODOO_SESSION_REDIS_TLS_KEY: must be the path of a file, not its content",
    "AWS_SECRET_ACCESS_KEY: set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none of them"
    " to let boto3 find credentials",
    "SWIFT_PASSWORD: set both SWIFT_ACCOUNT and SWIFT_PASSWORD, or none of them",
    "ODOO_PROMETHEUS_TOKEN: has a line break or another control character: remove it",
)


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = LoggingSettings
    right = {"ODOO_LOGGING_JSON": "1"}

    def test_reason_of_a_mistake_is_not_hidden(self):
        for reason in REASONS:
            block = f"The configuration is wrong, the server ends:\n  - {reason}\n  - {reason}"
            self.assertEqual(redact(block), block)
