"""Credentials of profiles, and none at all."""

import tempfile

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.new_process import run_python

from .common import IMPORTS, S3SetUp


@tagged("post_install", "-at_install")
class TestCredentials(S3SetUp, BaseCase):
    """Without keys, the default chain finds them; in a separate process."""

    def test_a_profile_of_the_environment_is_found(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write(
                "[attachments]\n"
                f"aws_access_key_id = {self.settings.access_key.get_secret_value()}\n"
                f"aws_secret_access_key = {self.settings.secret_key.get_secret_value()}\n"
            )
            file.flush()
            found = self.run_with(AWS_SHARED_CREDENTIALS_FILE=file.name, AWS_PROFILE="attachments")
        self.assertEqual(found, "NotFound")

    def test_no_credentials_at_all_are_refused(self):
        self.assertEqual(self.run_with(AWS_EC2_METADATA_DISABLED="true"), "Refused")

    def run_with(self, **variables):
        """Return the name of the error of reading a missing object."""
        code = IMPORTS + (
            "try: S3Store(S3Settings.read(), bucket).read('never')\n"
            "except Exception as error: print(type(error).__name__)"
        )
        return run_python(code, self.bucket, AWS_HOST=self.settings.endpoint, **variables)
