"""Scheduled actions of a database with errors: they do not run."""

from odoo import SUPERUSER_ID, api, models

from .. import admission


class IrCron(models.Model):
    """A database that is closed runs no job; its jobs stay due."""

    _inherit = "ir.cron"

    @classmethod
    def _process_job(cls, *args):
        # (database, cursor, job) on 17.0 and 18.0, (cursor, job) on 19.0
        if admission.is_closed(api.Environment(args[-2], SUPERUSER_ID, {})):
            return None
        with admission.job():
            return super()._process_job(*args)
