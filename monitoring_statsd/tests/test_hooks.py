from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.events import cron_jobs, http_requests, operations

from ..hooks import problems, start


@tagged("-at_install", "post_install")
class TestHooks(BaseCase):
    def test_the_environment_of_the_tests_has_no_mistake(self):
        self.assertEqual(problems(), [])

    def test_nothing_is_observed_unless_it_is_switched_on(self):
        lists = (http_requests._finished, cron_jobs._finished, operations._observers)
        before = [len(observers) for observers in lists]
        start(None)
        self.assertEqual([len(observers) for observers in lists], before)
