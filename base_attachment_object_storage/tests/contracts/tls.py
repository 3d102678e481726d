"""The certificate of a server is verified, also with other variables set."""

from odoo.addons.cloud_base.tests.new_process import run_python
from odoo.addons.cloud_base.tests.services import service


class TLSContract:
    """Mixed into a test case.

    ``ask`` is a program that prints the error of a request, ``authorities`` the variable of the
    store's own authorities, and ``variables(address)`` returns the variables of a store.
    """

    allow_inherited_tests_method = True

    def test_blank_variables_do_not_switch_off_the_verification(self):
        # a server with a certificate of an unknown authority, but not a store
        port = service("redis_tls")["port"]
        blank = dict.fromkeys((self.authorities, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "")
        printed = run_python(self.ask, **self.variables(f"https://127.0.0.1:{port}"), **blank)
        self.assertIn("certificate verify failed", printed.lower())
