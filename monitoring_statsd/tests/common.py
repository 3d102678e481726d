import uuid

from ..client import StatsdClient
from ..naming import Names
from ..settings import StatsdSettings
from .daemon import StatsdDaemon


class StatsdCase:
    """Sends to the real server, under a separate customer name for each test."""

    def setUp(self):
        super().setUp()
        self.daemon = StatsdDaemon()
        self.customer = f"c{uuid.uuid4().hex[:12]}"

    def settings(self, **variables):
        server = {"STATSD_HOST": self.daemon.host, "STATSD_PORT": self.daemon.port}
        return StatsdSettings(
            ODOO_STATSD=True, STATSD_CUSTOMER=self.customer, **{**server, **variables}
        )

    def client(self, address=None, **variables):
        client = StatsdClient(self.settings(**variables), address)
        self.addCleanup(client.close)
        return client

    def names(self, tagged=False):
        return Names(self.customer, "test", tagged)

    def counters(self, *names):
        """Return the counters of this test, once those that are named have arrived."""
        return self._short(self.daemon.counters, names)

    def timers(self, *names):
        """Return count and values of the timers of this test, as ``counters`` does."""
        return self._short(self.daemon.timers, names)

    def _short(self, read, names):
        def here():
            found = read(self.customer)
            return {name.replace(f".{self.customer}.test", ""): v for name, v in found.items()}

        return self.daemon.wait_for(here, lambda found: found.keys() >= set(names))
