"""Roles and regions of a login, at a real Keystone, and the messages that name them."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3.client import Client

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import Refused
from odoo.addons.base_attachment_object_storage.tests.contracts.store import CleanPrefix
from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.cloud_base.tests.services import service

from ..client import SwiftClient
from ..settings import SwiftSettings
from ..store import SwiftStore
from .common import SwiftSetUp

ELSEWHERE = "RegionOfTests"


@tagged("post_install", "-at_install")
class TestKeystone(SwiftSetUp, CleanPrefix, BaseCase):
    def setUp(self):
        super().setUp()
        self.store = self.make_store()

    @contextmanager
    def keystone(self):
        """Yield a proxy of Keystone, and the settings that reach it through the proxy."""
        address = urlsplit(self.settings.auth_url)
        with FaultProxy(address.hostname, address.port) as proxy:
            yield proxy, self.settings_with(SWIFT_AUTH_URL=f"{proxy.url}/v3")

    def administrator(self):
        login = v3.Password(
            self.settings.auth_url,
            username="admin",
            password=service("swift")["users"]["admin"]["password"],
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
        )
        return Client(session=Session(login), endpoint_override=self.settings.auth_url)

    def new_region(self):
        admin = self.administrator()
        region = admin.regions.create(ELSEWHERE)
        self.addCleanup(admin.regions.delete, region)
        return admin

    def refusal_of(self, settings):
        with self.assertRaises(Refused) as caught:
            SwiftClient(settings).endpoint()
        return str(caught.exception)

    def test_roles_and_regions_are_in_the_token_of_the_login(self):
        with self.keystone() as (proxy, settings):
            client = SwiftClient(settings)
            client.endpoint()
            sent = len(proxy.requests)
            self.assertIn("member", client.roles())
            self.assertEqual(client.regions(), [self.settings.region])
            user = service("swift")["users"][self.settings.account]
            self.assertEqual(client.acl_user(), f"{user['project_id']}:{user['user_id']}")
            self.assertEqual(len(proxy.requests), sent)

    def test_a_wrong_region_is_refused_with_the_regions_of_the_catalog(self):
        message = self.refusal_of(self.settings_with(SWIFT_REGION_NAME="Nowhere"))
        self.assertIn("SWIFT_REGION_NAME", message)
        self.assertIn(f"the regions of the catalog are: {self.settings.region}", message)
        self.assertNotIn("which exists", message)

    def test_a_region_without_an_object_store_is_another_mistake(self):
        self.new_region()
        message = self.refusal_of(self.settings_with(SWIFT_REGION_NAME=ELSEWHERE))
        self.assertIn("which exists but has no object store for the project", message)
        self.assertIn(f"the regions of the catalog are: {self.settings.region}", message)

    def test_a_user_who_may_not_list_regions_gets_those_of_the_catalog(self):
        with self.keystone() as (proxy, settings):
            for status in (401, 403, 404, 500):
                proxy.answer(status, only="/v3/regions")
                with self.subTest(status), self.assertNoLogs(level="WARNING"):
                    message = self.refusal_of(
                        settings.model_copy(update={"region": "Nowhere", "max_attempts": 1})
                    )
                    self.assertIn(
                        f"the regions of the catalog are: {self.settings.region}", message
                    )
            asked = [line for line in proxy.requests if "/v3/regions" in line]
            self.assertTrue(asked, "Keystone was asked")

    def test_a_missing_interface_is_refused_with_those_of_the_region(self):
        admin = self.new_region()
        swift = admin.services.list(type="object-store")[0]
        endpoint = admin.endpoints.create(
            swift, "http://127.0.0.1:9/v1", interface="public", region=ELSEWHERE
        )
        self.addCleanup(admin.endpoints.delete, endpoint)
        message = self.refusal_of(
            self.settings_with(SWIFT_REGION_NAME=ELSEWHERE, SWIFT_INTERFACE="internal")
        )
        self.assertIn("SWIFT_INTERFACE", message)
        self.assertIn("the interfaces of the catalog are: public", message)

    def test_a_request_that_swift_forbids_names_the_roles_of_the_user(self):
        with self.assertRaises(Refused) as caught:
            self.make_read_only_store().put(self.key(), b"not mine")
        self.assertIn("the roles of the user on the project are: reader", str(caught.exception))

    def test_the_login_of_swift_itself_has_neither_roles_nor_regions(self):
        server = service("old_swift")
        settings = SwiftSettings(
            SWIFT_AUTH_URL=server["auth_url"],
            SWIFT_ACCOUNT=server["user"],
            SWIFT_PASSWORD=server["password"],
            SWIFT_CACERT=server["ca"],
        )
        client = SwiftClient(settings)
        self.assertTrue(SwiftStore(settings, self.bucket)._client.endpoint())
        self.assertEqual((client.roles(), client.regions()), ([], []))
        self.assertIsNone(client.acl_user())
