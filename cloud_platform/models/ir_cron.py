"""Scheduled actions of a database with errors: they do not run."""

from odoo import SUPERUSER_ID, api, models
from odoo.tools import config

from .. import admission
from ..status import front_ends


class IrCron(models.Model):
    """A database that is closed runs no job; its jobs stay due."""

    _inherit = "ir.cron"

    @classmethod
    def _process_job(cls, *args):
        # (database, cursor, job) on 17.0 and 18.0, (cursor, job) on 19.0
        env = api.Environment(args[-2], SUPERUSER_ID, {})
        if admission.is_closed(env):
            return None
        if not config["test_enable"]:
            front_ends.beat_if_due(env.registry)
        with admission.job():
            return super()._process_job(*args)
