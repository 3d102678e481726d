"""The effect of the settings on requests to a real server."""

import os
from urllib.parse import urlsplit

import requests

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import NotFound, Refused
from odoo.addons.base_attachment_object_storage.tests.contracts.store import CleanPrefix
from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.cloud_base.tests.new_process import GEVENT, run_python

from ..client import client_for
from ..settings import SwiftSettings
from ..store import SwiftStore
from .common import SwiftSetUp


@tagged("post_install", "-at_install")
class TestOptions(SwiftSetUp, CleanPrefix, BaseCase):
    """The Swift server of the environment, with Keystone."""

    def setUp(self):
        super().setUp()
        self.store = self.make_store()

    def new_application_credential(self):
        """Return an application credential of the user, as he makes one himself."""
        session = client_for(self.settings)._session
        user = f"{self.settings.auth_url}/users/{session.get_user_id()}"
        credentials = f"{user}/application_credentials"
        body = {"application_credential": {"name": f"tests-{os.urandom(8).hex()}"}}
        answer = session.post(credentials, json=body).json()["application_credential"]

        def remove():
            session.delete(f"{credentials}/{answer['id']}")

        return answer["id"], answer["secret"], remove

    def test_an_application_credential_takes_the_place_of_user_password_and_project(self):
        number, secret, remove = self.new_application_credential()
        self.addCleanup(remove)
        settings = SwiftSettings(
            SWIFT_AUTH_URL=self.settings.auth_url,
            SWIFT_APPLICATION_CREDENTIAL_ID=number,
            SWIFT_APPLICATION_CREDENTIAL_SECRET=secret,
        )
        store = SwiftStore(settings, self.bucket)
        store.put(self.key(), b"by a credential")
        self.assertEqual(self.store.read(self.key()), b"by a credential")
        self.assertEqual(store.read(self.key()), b"by a credential")
        client_for(settings)._session.invalidate()  # a token that is over
        self.assertEqual(store.head(self.key()).size, 15)
        self.assertEqual(store.delete_many([self.key()]), {})
        with self.assertRaises(NotFound):
            self.store.head(self.key())

    def test_an_application_credential_that_was_taken_back_is_refused_and_not_shown(self):
        number, secret, remove = self.new_application_credential()
        remove()
        settings = SwiftSettings(
            SWIFT_AUTH_URL=self.settings.auth_url,
            SWIFT_APPLICATION_CREDENTIAL_ID=number,
            SWIFT_APPLICATION_CREDENTIAL_SECRET=secret,
        )
        with self.assertRaises(Refused) as caught:
            SwiftStore(settings, self.bucket).read(self.key())
        self.assertNotIn(secret, str(caught.exception))

    def test_urls_for_browsers_have_the_address_that_browsers_reach(self):
        self.store.put(self.key(), b"public", content_type="text/plain")
        server = urlsplit(client_for(self.settings).endpoint())
        with FaultProxy(server.hostname, server.port) as proxy:
            store = SwiftStore(self.settings_with(SWIFT_PUBLIC_URL=proxy.url), self.bucket)
            shown = 'inline; filename="a.txt"'
            url = store.presign(self.key(), 60, disposition=shown, public=True)
            self.assertTrue(url.startswith(f"{proxy.url}/v1/"), url)
            answer = requests.get(url, timeout=20)
            self.assertEqual((answer.status_code, answer.content), (200, b"public"))
            self.assertEqual(len(proxy.requests), 1)
            within = store.presign(self.key(), 60)
            self.assertEqual(urlsplit(within).netloc, server.netloc)

    def test_greenlets_wait_for_the_server_side_by_side(self):
        with FaultProxy(*_address(self.settings.auth_url)) as login:
            code = (
                "from odoo.addons.attachment_swift.client import client_for\n"
                "from odoo.addons.attachment_swift.settings import SwiftSettings\n"
                "from odoo.addons.attachment_swift.store import SwiftStore\n"
                "import gevent\n"
                "bucket, behind = sys.argv[1:]\n"
                "store = SwiftStore(SwiftSettings.read(), bucket)\n"
                "store.exists('once')\n"
                "client_for(store._settings)._endpoint = behind\n"
                "reads = [gevent.spawn(store.exists, str(n)) for n in range(16)]\n"
                "gevent.joinall(reads, raise_error=True)"
            )
            endpoint = urlsplit(client_for(self.settings).endpoint())
            with FaultProxy(endpoint.hostname, endpoint.port) as proxy:
                proxy.latency = 0.5
                behind = endpoint._replace(netloc=f"127.0.0.1:{proxy.port}").geturl()
                run_python(
                    code,
                    self.bucket,
                    behind,
                    first=GEVENT,
                    SWIFT_AUTH_URL=f"{login.url}/v3",
                    SWIFT_ACCOUNT=self.settings.account,
                    SWIFT_PASSWORD=self.settings.password.get_secret_value(),
                    SWIFT_PROJECT_NAME=self.settings.owner,
                )
                self.assertGreaterEqual(len(proxy.requests), 16)
                # one after the other they would share one
                self.assertGreaterEqual(proxy.most_connections, 8)
            logins = [line for line in login.requests if line.startswith("POST")]
        self.assertEqual(len(logins), 1, "one login for all of them")


def _address(url):
    parts = urlsplit(url)
    return parts.hostname, parts.port
