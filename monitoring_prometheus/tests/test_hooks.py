from odoo.tests import HttpCase, tagged

from odoo.addons.cloud_base.events import http_requests

from ..exporter import PATH, Exporter, Relay
from ..hooks import problems, version
from .common import ValuesCase, samples
from .test_exporter import BUILD


@tagged("-at_install", "post_install")
class TestHooks(HttpCase, ValuesCase):
    def setUp(self):
        super().setUp()
        http_requests.mount(PATH, Relay(self.directory, None))
        self.addCleanup(http_requests.unmount, PATH)
        exporter = Exporter(self.directory, None, [BUILD])
        exporter.start()
        self.addCleanup(exporter.stop)

    def test_odoos_port_answers_without_a_session(self):
        response = self.url_open("/metrics")
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.headers["Content-Type"].startswith("text/plain; version="))
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertEqual(
            samples(response.text),
            {
                ("odoo_build_info", (("suite", "3.0.0"), ("version", "19.0"))): 1,
                ("odoo_metrics_damaged_files", ()): 0,
            },
        )

    def test_scrapes_are_not_observed_in_any_order_of_subscriptions(self):
        seen = []

        def began(request):
            seen.append(request.environ["PATH_INFO"])

        # before and after the path was mounted
        for _order in range(2):
            http_requests.subscribe(began=began)
            self.addCleanup(http_requests.unsubscribe, began=began)
            self.url_open(PATH)
            self.url_open("/web/login")
            http_requests.mount(PATH, Relay(self.directory, None))
        self.assertEqual(seen, ["/web/login", "/web/login"])

    def test_other_paths_are_core_s(self):
        self.assertEqual(self.url_open("/web/login").status_code, 200)
        self.assertEqual(self.url_open("/metrics/").status_code, 404)

    def test_the_environment_of_the_tests_has_no_mistake(self):
        self.assertEqual(problems(), [])

    def test_the_version_is_the_suite_s(self):
        self.assertRegex(version(), r"^\d+\.\d+\.\d+$")
