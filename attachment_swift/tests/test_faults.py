"""Swift when its server, its identity service, or the way to them, fails."""

from urllib.parse import urlsplit

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.store import Refused, Unavailable
from odoo.addons.base_attachment_object_storage.store_guard import forget_outages
from odoo.addons.base_attachment_object_storage.tests.contracts.fault import (
    ATTEMPTS,
    LARGE,
    MIB,
    TIMEOUT_SECONDS,
    FaultContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.guard import GuardContract
from odoo.addons.base_attachment_object_storage.tests.contracts.store import CleanPrefix
from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..client import client_for, quoted
from ..store import SwiftStore
from .common import SwiftSetUp

LIBRARY_LOG = "keystoneauth.session"


class SwiftFaults(SwiftSetUp):
    """The common part of the tests of failures."""

    own_headers = {"X-Trans-Id": "tx0"}

    def prepare(self):
        self.store = self.make_store()
        self.server_url = client_for(self.settings).endpoint()
        self.secrets = [self.settings.password.get_secret_value()]

    def settings_behind(self, **values):
        return self.settings_with(
            SWIFT_CONNECT_TIMEOUT=self.timeout_seconds,
            SWIFT_READ_TIMEOUT=self.timeout_seconds,
            SWIFT_MAX_ATTEMPTS=ATTEMPTS,
            SWIFT_SEGMENT_SIZE=5 * MIB,
            **values,
        )

    def make_store_behind(self, proxy):
        # a separate client: the port makes the settings unique
        settings = self.settings_behind(SWIFT_TEMP_URL_KEY=f"for port {proxy.port}")
        usual = client_for(self.settings)
        # the catalogue of the identity service names the server, and not the proxy
        address = urlsplit(usual.endpoint())._replace(netloc=f"127.0.0.1:{proxy.port}")
        for client in (client_for(settings), client_for(settings.impatient())):
            # logged in already: the time of a login is not tested here
            client._session.auth = usual._session.auth
            client._endpoint = address.geturl()
        return SwiftStore(settings, self.bucket)


@tagged("post_install", "-at_install")
class TestSwiftFaults(SwiftFaults, FaultContract, CleanPrefix, BaseCase):
    a_part = r"PUT .*\.segments.*00000001"
    loud = (LIBRARY_LOG,)

    def test_a_token_that_is_never_taken_is_refused(self):
        self.proxy.answer(401, {"X-Trans-Id": "tx"})
        self.assert_each_fails(Refused)
        self.assert_nothing_stored()

    def test_a_server_that_is_asked_too_often_is_unavailable(self):
        for status in (429, 408):
            self.proxy.answer(status)
            with self.subTest(status):
                self.assert_each_fails(Unavailable)

    def test_a_server_without_a_bulk_request_deletes_singly(self):
        names = [self.key(f"{number}") for number in range(20)]
        for name in names:
            self.store.put(name, b"x")
        # like Swift without the middleware, which treats it as metadata of the account
        self.proxy.answer(204, {"X-Trans-Id": "tx"}, only="POST .*bulk-delete")
        self.assertEqual(self.behind.delete_many([*names, self.key("never")]), {})
        listed = [found.key for found in self.store.list(self.prefix)]
        self.assertEqual(listed, [self.key("doomed"), self.key("there")])

    def test_a_quota_that_is_reached_is_refused_and_stores_nothing(self):
        path = quoted(self.bucket)
        header = "X-Container-Meta-Quota-Bytes"
        client = client_for(self.settings)
        client.request("POST", path, headers={header: "200000"})
        self.addCleanup(client.request, "POST", path, headers={header: ""})
        for size in (400_000, LARGE):
            with self.assertRaises(Refused):
                self.behind.put(self.key("large"), bytes(size))
            self.assert_nothing_stored()

    def test_a_failed_upload_leaves_segments_until_its_key_is_deleted(self):
        self.proxy.reset(only=self.a_part)
        with self.assertRaises(Unavailable):
            self.behind.put(self.key("large"), bytes(LARGE))
        self.proxy.pass_through()
        parameters = {"prefix": ".segments/" + self.key("large"), "format": "json"}
        client = client_for(self.settings)
        self.assertTrue(client.listed(self.bucket, parameters))
        self.assertEqual(self.store.delete_many([self.key("large")]), {})
        self.assertEqual(client.listed(self.bucket, parameters), [])


@tagged("post_install", "-at_install")
class TestIdentityFaults(SwiftFaults, BaseCase):
    """The same for the server that gives the tokens."""

    timeout_seconds = TIMEOUT_SECONDS

    def setUp(self):
        super().setUp()
        self.prepare()
        address = urlsplit(self.settings.auth_url)
        self.proxy = FaultProxy(address.hostname, address.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        behind = address._replace(netloc=f"127.0.0.1:{self.proxy.port}").geturl()
        self.behind = SwiftStore(self.settings_behind(SWIFT_AUTH_URL=behind), self.bucket)

    @mute_logger(LIBRARY_LOG)
    def test_an_identity_service_that_fails_is_unavailable_or_refuses(self):
        faults = {
            "refuse": (self.proxy.refuse, Unavailable),
            "blackhole": (self.proxy.blackhole, Unavailable),
            "reset": (self.proxy.reset, Unavailable),
            "cut": (self.proxy.cut, Unavailable),
            "500": (lambda: self.proxy.answer(500), Unavailable),
            "503": (lambda: self.proxy.answer(503), Unavailable),
            "429": (lambda: self.proxy.answer(429), Unavailable),
            "401": (lambda: self.proxy.answer(401), Refused),
            "403": (lambda: self.proxy.answer(403), Refused),
            "404": (lambda: self.proxy.answer(404), Refused),
            "page": (lambda: self.proxy.answer(200, body=b"<html>log in"), Unavailable),
        }
        for name, (fail, expected) in faults.items():
            fail()
            with self.subTest(name), self.assertRaises(expected) as caught:
                self.behind.read("object")
            for secret in self.secrets:
                self.assertNotIn(secret, str(caught.exception))
            self.proxy.pass_through()
            # the next fault is met by a request, not by the circuit breaker
            forget_outages()
        self.assertEqual(list(self.behind.list("no such prefix")), [])


@tagged("post_install", "-at_install")
class TestSwiftGuard(SwiftFaults, GuardContract, CleanPrefix, BaseCase):
    loud = (LIBRARY_LOG,)
