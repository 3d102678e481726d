"""The status of storages and sessions, for the command line and for the page in Settings."""

from odoo import api, models

from odoo.addons.base_attachment_object_storage.garbage.marks import GARBAGE_TABLE
from odoo.addons.base_attachment_object_storage.models.ir_attachment_move import PLACE, SIZE

from ..checks import registry
from ..checks.inputs import KIND_PARAMETER, LOCATION_PARAMETER

FILES_BY_PLACE = (
    f"SELECT {PLACE}, count(*), COALESCE(sum({SIZE}), 0) FROM ir_attachment"
    " WHERE type = 'binary' AND (store_fname IS NOT NULL OR octet_length(db_datas) > 0)"
    " GROUP BY 1 ORDER BY 1"
)
COUNT_OF_MARKS = f"SELECT count(*) FROM {GARBAGE_TABLE}"


class CloudPlatform(models.AbstractModel):
    """The status of storages and sessions, and the move in the background."""

    _inherit = "cloud.platform"

    @api.model
    def status(self):
        """Return the status of storages and sessions, a JSON-able dictionary.

        ``storages`` has the files (rows) and bytes in each place, ``elsewhere`` the plan of a
        move, ``marks`` the number of objects that wait for their collection, ``spilled`` the
        files that wait in the database for a store that does not answer, ``comparison`` the
        result of the latest weekly comparison of files and attachments, or False.
        """
        self._require_administrator()
        parameters = self.env["ir.config_parameter"].sudo()
        plan = self.env["ir.attachment"].sudo()._plan_move()
        self.env.cr.execute(FILES_BY_PLACE)
        storages = {
            place: {"files": files, "bytes": int(size)}
            for place, files, size in self.env.cr.fetchall()
        }
        self.env.cr.execute(COUNT_OF_MARKS)
        (marks,) = self.env.cr.fetchone()
        return {
            "environment": registry.running_environment(),
            "kind": parameters.get_param(KIND_PARAMETER) or "",
            "location": parameters.get_param(LOCATION_PARAMETER) or "file",
            "sessions": self._status_of_sessions(),
            "storages": storages,
            "elsewhere": {"files": plan["files"], "bytes": plan["bytes"]},
            "marks": marks,
            "spilled": self.env["ir.attachment.spill"].sudo()._figures(),
            "ownership": self._status_of_ownership(),
            "comparison": self._latest_comparison(),
        }

    @api.model
    def page(self):
        """Return the content of the page: the status, the findings and the latest move."""
        report = self.check(probe=True)
        return {
            **self.status(),
            **report.as_dict(),
            "move": self._latest_move(),
            "kinds": self._platform_kinds(),
        }

    @api.model
    def start_install(self, kind=None):
        """Install the platform, move the attachments in the background; return the page."""
        self.with_context(cloud_platform_background=True).install(kind)
        return self.page()

    @api.model
    def latest_move(self):
        """Return the latest move of attachments in the background, or False."""
        self._require_administrator()
        return self._latest_move()

    @api.model
    def start_move(self):
        """Start to move the files that are elsewhere, in the background."""
        self._require_administrator()
        self.env["ir.attachment.background.move"].sudo()._start()
        return self._latest_move()

    @api.model
    def stop_move(self):
        """Stop the move in the background after its present batch."""
        self._require_administrator()
        self.env["ir.attachment.background.move"].sudo()._running()._stop()
        return self._latest_move()

    @api.model
    def _latest_move(self):
        names = ["state", "location", "moved", "skipped", "failed", "total", "rate"]
        names += ["seconds_left", "message"]
        moves = self.env["ir.attachment.background.move"].sudo()
        [move] = moves.search([], limit=1).read(names) or [False]
        return move

    @api.model
    def _latest_comparison(self):
        names = ["state", "objects", "missing", "marked", "unfinished", "message", "ended"]
        run = self.env["ir.attachment.reconcile"].sudo()._latest()
        if not run:
            return False
        [found] = run.read(names)
        return {**found, "ended": run.ended and run.ended.isoformat(" ")}

    @api.model
    def _status_of_sessions(self):
        # late: session_redis must be imported by Odoo first, for its post_load to be called
        from odoo.addons.session_redis.hooks import is_active

        return "Redis" if is_active() else "files"
