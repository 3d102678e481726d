"""The tests of the store, run on Valkey."""

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.services import service

# not their classes, which would run once more
from . import (
    test_connection,
    test_connection_pool,
    test_exchange,
    test_identifiers,
    test_no_payload,
    test_outage,
    test_round_trips,
    test_soft_rotation,
    test_store,
)
from .common import RedisServer


class OnValkey:
    """Mixed into a test class: the same on another server."""

    # Odoo 18.0 and later run inherited tests only where this says so
    allow_inherited_tests_method = True

    def find_server(self):
        server = service("valkey")
        return RedisServer(
            ODOO_SESSION_REDIS_HOST=server["host"],
            ODOO_SESSION_REDIS_PORT=server["port"],
            ODOO_SESSION_REDIS_PASSWORD=server["password"],
        )

    def test_server_is_valkey(self):
        self.assertEqual(self.redis.info("server").get("server_name"), "valkey")


@tagged("-at_install", "post_install")
class TestContractOnValkey(
    OnValkey, test_connection.Contract, test_connection.StartCase, BaseCase
):
    pass


@tagged("-at_install", "post_install")
class TestExchangeOnValkey(OnValkey, test_exchange.TestExchange):
    pass


@tagged("-at_install", "post_install")
class TestNoPayloadOnValkey(OnValkey, test_no_payload.TestNoPayload):
    pass


@tagged("-at_install", "post_install")
class TestConnectionPoolOnValkey(OnValkey, test_connection_pool.TestConnectionPool):
    pass


@tagged("-at_install", "post_install")
class TestStoreOnValkey(OnValkey, test_store.TestStore):
    pass


@tagged("-at_install", "post_install")
class TestIdentifiersOnValkey(OnValkey, test_identifiers.TestIdentifiers):
    pass


@tagged("-at_install", "post_install")
class TestOutageOnValkey(OnValkey, test_outage.TestOutage):
    pass


@tagged("-at_install", "post_install")
class TestRoundTripsOnValkey(OnValkey, test_round_trips.TestRoundTrips):
    pass


@tagged("-at_install", "post_install")
class TestSoftRotationOnValkey(OnValkey, test_soft_rotation.TestSoftRotation):
    pass
