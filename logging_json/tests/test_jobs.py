from odoo.tests import TransactionCase, tagged

from odoo.addons.cloud_base.events import cron_jobs

from .. import subscriptions
from ..context import thread
from .common import Lines

CRON = "odoo.addons.base.models.ir_cron"


@tagged("-at_install", "post_install")
class TestJobs(TransactionCase):
    def setUp(self):
        super().setUp()
        subscriptions.subscribe()
        self.addCleanup(subscriptions.unsubscribe)

    def process(self, work):
        """Call the scheduler's function for a row, with ``work`` as the job."""
        row = {"cron_name": "Clean up", "id": 7, "user_id": 1}
        cron_jobs._enclosed(lambda *_arguments: work())(self.env.registry, self.env.cr, row)

    def test_all_lines_of_a_job_have_its_name_and_one_id(self):
        lines = Lines()

        def work():
            lines.logger.info("starting")
            lines.logger.info("done")

        self.process(work)
        self.process(work)
        first, again, second, _again = lines.parsed
        for line in (first, again, second):
            self.assertEqual((line["job_kind"], line["job_name"]), ("cron", "Clean up"))
            self.assertEqual((line["job_id"], line["uid"]), ("7", 1))
            self.assertEqual(line["dbname"], self.env.cr.dbname)
        self.assertEqual(first["request_id"], again["request_id"])
        self.assertNotEqual(first["request_id"], second["request_id"])

    def test_after_a_job_that_fails_lines_do_not_belong_to_it(self):
        def work():
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.process(work)
        self.assertIsNone(thread.context)
