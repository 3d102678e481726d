"""The effect of the settings on requests to a real server."""

import http.server
import json
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import requests

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import NotFound, StoreError
from odoo.addons.base_attachment_object_storage.tests.contracts.store import CleanPrefix
from odoo.addons.cloud_base.tests.new_process import run_python
from odoo.addons.cloud_base.tests.services import service

from .. import direct
from ..store import S3Store
from .common import IMPORTS, MIB, PARTS, S3SetUp, sent_by

CHECKSUMS = ("x-amz-checksum", "x-amz-sdk-checksum", "x-amz-trailer")


@tagged("post_install", "-at_install")
class TestOptions(S3SetUp, CleanPrefix, BaseCase):
    """The server of the environment: SeaweedFS, in development."""

    def setUp(self):
        super().setUp()
        self.store = self.make_store()

    def store_with(self, **values):
        return S3Store(self.settings_with(**values), self.bucket)

    def test_a_bucket_in_the_host_s_name_is_the_same_bucket(self):
        """The server's own port is the proxy: no DNS knows the names here."""
        proxy = self.settings.endpoint
        store = self.store_with(
            AWS_HOST=f"http://{service('s3')['domain']}",
            AWS_ADDRESSING_STYLE="virtual",
            AWS_PROXY=proxy,
            **PARTS,
        )
        sizes = {"plain": 5, "a b+c%2B/ünï?x=1#f": 5, "larger": direct.LARGEST + 1}
        for name, size in {**sizes, "in parts": 6 * MIB}.items():
            content = b"v" * size
            with self.subTest(name):
                store.put(self.key(name), content)
                self.assertEqual(self.store.read(self.key(name)), content)
                self.assertEqual(store.read(self.key(name)), content)
                self.assertEqual(store.head(self.key(name)).size, size)
                url = store.presign(self.key(name), 60)
                host = urlsplit(url).netloc
                self.assertTrue(host.startswith(f"{self.bucket}."), host)
                at_proxy = url.replace(f"http://{host}", proxy)
                answer = requests.get(at_proxy, headers={"Host": host}, timeout=20)
                self.assertEqual((answer.status_code, answer.content), (200, content))
        self.assertEqual(len(list(store.list(self.prefix))), 4)
        self.assertEqual(store.delete_many([self.key("plain")]), {})
        with self.assertRaises(NotFound):
            self.store.head(self.key("plain"))

    def test_urls_for_browsers_are_signed_for_the_host_that_browsers_reach(self):
        self.store.put(self.key(), b"public")
        within = self.store_with(
            AWS_HOST="https://s3.internal.example.com", AWS_PUBLIC_HOST=self.settings.endpoint
        )
        url = within.presign(self.key(), 60, "text/plain", 'inline; filename="a b.txt"', True)
        answer = requests.get(url, timeout=20)
        self.assertEqual((answer.status_code, answer.content), (200, b"public"))
        self.assertEqual(answer.headers["Content-Type"], "text/plain")
        elsewhere = within.presign(self.key(), 60)
        self.assertTrue(elsewhere.startswith("https://s3.internal.example.com/"), elsewhere)
        # the host is signed: no other host may replace it
        moved = elsewhere.replace("https://s3.internal.example.com", self.settings.endpoint)
        self.assertEqual(requests.get(moved, timeout=20).status_code, 403)

    def test_a_public_host_is_one_of_the_region_that_the_server_has(self):
        store = self.store_with(
            AWS_HOST=None, AWS_REGION="eu-central-1", AWS_PUBLIC_HOST="files.example.com"
        )
        url = store.presign(self.key(), 60, public=True)
        self.assertTrue(url.startswith("https://files.example.com/"), url)
        self.assertIn("eu-central-1", url)

    def test_newer_checksums_are_sent_only_where_the_settings_ask_for_them(self):
        for mode in ("when_required", "when_supported"):
            store = self.store_with(
                AWS_REQUEST_CHECKSUM_CALCULATION=mode,
                AWS_RESPONSE_CHECKSUM_VALIDATION=mode,
                **PARTS,
            )
            headers = []
            sent = sent_by(self, store, headers)
            for size in (5, direct.LARGEST + 1, 6 * MIB):
                store.put(self.key(mode), b"x" * size)
                self.assertEqual(store.read(self.key(mode)), b"x" * size)
            store.delete_many([self.key(mode)])
            self.assertGreater(len(sent), 6)
            newer = [name for each in headers for name in each if name.startswith(CHECKSUMS)]
            self.assertEqual(bool(newer), mode == "when_supported", newer)

    def test_a_session_token_is_sent_and_signed(self):
        store = self.store_with(AWS_SESSION_TOKEN="a token", **PARTS)
        headers = []
        sent_by(self, store, headers)
        for use in (store.head, store.read, lambda key: store.put(key, bytes(6 * MIB))):
            headers.clear()
            with suppress(StoreError):  # the server may refuse it
                use(self.key("token"))
            for each in headers:
                self.assertIn(each["x-amz-security-token"], ("a token", b"a token"))
                self.assertIn("x-amz-security-token", str(each["authorization"]))
            self.assertTrue(headers)

    def test_credentials_of_a_container_s_role_are_found_and_renewed(self):
        """An agent beside the container gives them, each for some time."""
        asked = []
        given = {
            "AccessKeyId": self.settings.access_key.get_secret_value(),
            "SecretAccessKey": self.settings.secret_key.get_secret_value(),
            "Token": None,
        }

        class Agent(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                ends = datetime.now(timezone.utc) + timedelta(seconds=60)
                body = json.dumps({**given, "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")})
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_line):
                pass

        self.store.put(self.key(), b"by a role")
        with http.server.HTTPServer(("127.0.0.1", 0), Agent) as agent:
            threading.Thread(target=agent.serve_forever, daemon=True).start()
            self.addCleanup(agent.shutdown)
            code = IMPORTS + (
                "store = S3Store(S3Settings.read(), bucket)\n"
                f"for _time in range(3): print(store.read({self.key()!r}).decode())"
            )
            uri = f"http://127.0.0.1:{agent.server_port}/role"
            printed = run_python(
                code,
                self.bucket,
                AWS_HOST=self.settings.endpoint,
                AWS_CONTAINER_CREDENTIALS_FULL_URI=uri,
            )
        self.assertEqual(printed.splitlines(), ["by a role"] * 3)
        self.assertGreater(len(asked), 1, "they end within the time in which they are renewed")
