import logging

from odoo import models

from odoo.addons.queue_job.exception import RetryableJobError

_logger = logging.getLogger(__name__)

CHANNEL = "root.of_tests"


class JobsOfTests(models.AbstractModel):
    _name = "jobs.of.tests"
    _description = "Jobs of tests"

    def enqueue(self, method, times):
        """Enqueue a number of jobs that run one of the methods below."""
        for _time in range(times):
            getattr(self.with_delay(channel=CHANNEL, max_retries=3), method)()
        return True

    def job_works(self):
        _logger.info("the job works")

    def job_fails(self):
        _logger.info("the job fails")
        raise ValueError("it cannot, password=hunter2")

    def job_is_retried(self):
        """Ask to be run again, the first time."""
        _logger.info("the job is retried")
        if self._first_time("retried"):
            raise RetryableJobError("not now", seconds=1)

    def job_collides(self):
        """Write the row that another transaction has just written, the first time."""
        _logger.info("the job collides")
        parameter = self.env.ref("base.main_company").partner_id
        # the transaction begins with this
        parameter.read(["comment"])
        if self._first_time("collided"):
            with self.env.registry.cursor() as other:
                parameter.with_env(parameter.env(cr=other)).comment = "other"
            parameter.comment = "mine"
            parameter.flush_recordset()

    def _first_time(self, what):
        """Return True for the first call; a roll-back does not undo the call."""
        with self.env.registry.cursor() as cursor:
            parameters = self.env(cr=cursor)["ir.config_parameter"].sudo()
            known = parameters.get_param(f"jobs_of_tests.{what}")
            parameters.set_param(f"jobs_of_tests.{what}", "1")
        return not known
