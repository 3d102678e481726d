"""Tables of the status document: figures that are kept, and the servers of this database."""

import json

from odoo import api, fields, models

from odoo.addons.base_attachment_object_storage.scheduled_action import repeat_for_ever

from ..status import front_ends


class CloudPlatformFigures(models.Model):
    """Figures of a kind as JSON, with the time when they were measured."""

    _name = "cloud.platform.figures"
    _description = "Figures of the Cloud Platform"
    _log_access = False
    _rec_name = "name"

    name = fields.Char(required=True)
    figures = fields.Text(required=True)
    time = fields.Datetime(required=True)

    def init(self):
        """Create the index by which figures are replaced."""
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS cloud_platform_figures_name"
            " ON cloud_platform_figures (name)"
        )

    @api.model
    def _keep(self, name, figures):
        self.env.cr.execute(
            "INSERT INTO cloud_platform_figures (name, figures, time)"
            " VALUES (%s, %s, now() AT TIME ZONE 'UTC') ON CONFLICT (name) DO UPDATE"
            " SET figures = EXCLUDED.figures, time = EXCLUDED.time",
            [name, json.dumps(figures)],
        )

    @api.model
    def _kept(self, name):
        """Return figures and the time of their measurement; (None, None) before the first."""
        self.env.cr.execute(
            "SELECT figures, time FROM cloud_platform_figures WHERE name = %s", [name]
        )
        row = self.env.cr.fetchone()
        return (json.loads(row[0]), row[1].isoformat(" ", "seconds")) if row else (None, None)

    @api.model
    def _cron(self):
        return self.env.ref("cloud_platform.ir_cron_usage").sudo()

    @api.model
    def _repeat_for_ever(self):
        repeat_for_ever(self._cron())

    @api.model
    def _measure(self):
        """Measure the usage of the storages and keep it; called by the scheduled action."""
        platform = self.env["cloud.platform"].sudo()
        self._keep("usage", platform._measure_usage())
        front_ends.forget_old(self.env.cr)


class CloudPlatformFrontEnd(models.Model):
    """A server that serves this database, see ``status/front_ends.py``."""

    _name = "cloud.platform.front.end"
    _description = "Server of this Database"
    _log_access = False
    _rec_name = "node"

    node = fields.Char(required=True)
    odoo = fields.Char()
    suite = fields.Char()
    series = fields.Char()
    workers = fields.Integer()
    started = fields.Datetime()
    last_seen = fields.Datetime()
    pid = fields.Integer()

    def init(self):
        """Create the index by which a server replaces its row."""
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS cloud_platform_front_end_node"
            " ON cloud_platform_front_end (node)"
        )
