import contextlib
import inspect

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..events import cron_jobs


@tagged("-at_install", "post_install")
class TestCronJobs(TransactionCase):
    def setUp(self):
        super().setUp()
        self.told = []
        self.began = []
        cron_jobs.subscribe(self.told.append, began=self.began.append)
        self.addCleanup(cron_jobs.unsubscribe, self.told.append, began=self.began.append)

    def run_job(self, code):
        """Run a job like the scheduler, with the arguments of the series; return the job."""
        cron = self.env["ir.cron"].create(
            {
                "name": "Observed job",
                "model_id": self.env.ref("base.model_res_partner").id,
                "state": "code",
                "code": code,
            }
        )
        # only 17.0 has the job's id as an argument, and lets no exception out
        swallows = hasattr(type(cron), "_handle_callback_exception")
        job_id = [cron.id] if swallows else []
        action = cron.ir_actions_server_id.id
        with self.cursor_that_may_commit() as cursor:
            try:
                cron.with_env(self.env(cr=cursor))._callback("Observed job", action, *job_id)
            except Exception:  # noqa: BLE001  the scheduler logs any exception of a job
                self.assertFalse(swallows)
        return cron

    @contextlib.contextmanager
    def cursor_that_may_commit(self):
        with contextlib.ExitStack() as stack:
            if hasattr(self, "enter_registry_test_mode"):
                stack.enter_context(self.enter_registry_test_mode())
            else:
                self.registry.enter_test_mode(self.cr)
                stack.callback(self.registry.leave_test_mode)
            yield stack.enter_context(self.registry.cursor())

    def test_a_run_is_told_with_its_duration(self):
        cron = self.run_job("model.search_count([])")
        [job] = self.told
        self.assertEqual(self.began, [job])
        self.assertEqual((job.name, job.job_id, job.error), ("Observed job", cron.id, None))
        self.assertEqual(job.database, self.env.cr.dbname)
        self.assertGreater(job.seconds, 0)

    @mute_logger("odoo.addons.base.models.ir_cron")
    def test_a_failure_is_told_by_its_class(self):
        self.run_job("raise ValueError('secret')")
        self.assertEqual([job.error for job in self.told], ["ValueError"])

    def test_what_encloses_the_runs_of_a_job_is_told(self):
        events = []
        observers = {"taken": events.append, "given_back": events.append}
        cron_jobs.subscribe(**observers)
        self.addCleanup(cron_jobs.unsubscribe, **observers)
        cron = self.env["ir.cron"].create(
            {
                "name": "Observed job",
                "model_id": self.env.ref("base.model_res_partner").id,
                "state": "code",
                "code": "model.search_count([])",
            }
        )
        self.process(cron)
        taken, given_back = events
        self.assertIs(taken, given_back)
        self.assertEqual((taken.name, taken.job_id), ("Observed job", cron.id))
        self.assertEqual((taken.database, taken.error), (self.env.cr.dbname, None))
        self.assertEqual([job.job_id for job in self.told], [cron.id])
        self.assertGreater(taken.seconds, self.told[0].seconds)

    def process(self, cron):
        """Process a job like the scheduler, with the arguments of the series."""
        self.env.flush_all()
        with self.cursor_that_may_commit() as cursor:
            cursor.execute(
                "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'utc' - interval '1 hour'"
                " WHERE id = %s",
                [cron.id],
            )
            model = type(cron)
            acquire = model._acquire_one_job
            # 17.0 takes ids, 19.0 has it as a static method
            row = acquire(cursor, (cron.id,)) if is_17(acquire) else acquire(cursor, cron.id)
            # 17.0 and 18.0 give the database first
            # the method of an addon may accept any arguments
            core = [base for base in model.mro() if "_process_job" in vars(base)][-1]
            parameters = inspect.signature(core._process_job).parameters
            database = [self.env.registry] if "db" in parameters else []
            model._process_job(*database, cursor, row)


def is_17(acquire):
    return "job_ids" in inspect.signature(acquire).parameters
