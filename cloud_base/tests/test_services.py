import json
import tempfile
from pathlib import Path
from unittest import SkipTest

from odoo.tests import BaseCase

from .services import TestServices as Services


class TestTestServices(BaseCase):
    def test_a_server_is_found_by_name_and_an_absent_one_skips(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "services.json"
            path.write_text(json.dumps({"redis_tls": {"port": 1}}))
            services = Services(CLOUD_TEST_SERVICES=str(path))
            self.assertEqual(services.service("redis_tls"), {"port": 1})
            with self.assertRaisesRegex(SkipTest, "^no other server"):
                services.service("other")

    def test_without_a_file_every_test_is_skipped(self):
        with self.assertRaisesRegex(SkipTest, "^no redis_tls server"):
            Services(CLOUD_TEST_SERVICES=None).service("redis_tls")
