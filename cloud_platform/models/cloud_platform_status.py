"""One JSON document for the command line and for the page in Settings.

::

    status() ── _services_checks_and_sessions    at the same time, within the time of one probe
            ├── _usage                           measured now, or kept by a scheduled action
            └── _part ── each other part         an error of one part is shown in its place
"""

import logging
from contextlib import suppress

import psycopg2

from odoo import _, api, fields, models

from odoo.addons.base_attachment_object_storage.garbage.marks import GARBAGE_TABLE
from odoo.addons.base_attachment_object_storage.transfer import usage as storage_usage

from ..checks import registry
from ..checks.inputs import KIND_PARAMETER, LOCATION_PARAMETER
from ..status import front_ends
from ..status.limits import SQL_SECONDS, limited
from ..status.settings_in_force import settings_in_force

_logger = logging.getLogger(__name__)

VERSION = 2
COUNT_OF_MARKS = f"SELECT count(*) FROM (SELECT 1 FROM {GARBAGE_TABLE} LIMIT 1000000) AS marks"
RUNS = 5  # that the history shows of each kind
MOVE_FIELDS = (
    *("state", "location", "moved", "skipped", "failed", "total", "bytes", "total_bytes"),
    *("rate", "seconds_left", "message", "create_date", "write_date"),
)
RUN_FIELDS = (
    *("state", "objects", "used", "missing", "orphans", "orphan_bytes", "young", "marked"),
    *("unfinished", "message", "create_date", "ended"),
)


class CloudPlatform(models.AbstractModel):
    """The status document, and the work in the background."""

    _inherit = "cloud.platform"

    @api.model
    def status(self):
        """Return the status document, a JSON-able dictionary.

        See “The status document” in the readme. A part that cannot be made within its time has
        the key ``error`` with a sentence; the other parts are complete.
        """
        self._require_administrator()
        parameters = self.env["ir.config_parameter"].sudo()
        usage = self._part(self._usage)
        document = {
            "version": VERSION,
            "time": _text_of(fields.Datetime.now()),
            "database": self.env.cr.dbname,
            "environment": registry.running_environment(),
            "kind": parameters.get_param(KIND_PARAMETER) or "",
            "kinds": self._platform_kinds(),
            "location": parameters.get_param(LOCATION_PARAMETER) or "file",
            "sessions": self._status_of_sessions(),
            **self._services_checks_and_sessions(usage),
            "front_ends": self._part(self._front_ends),
            "ownership": self._part(self._status_of_ownership),
            "attachments": self._part(self._attachments),
            "usage": usage,
            "work": self._part(self._work),
            "settings": self._part(lambda: {"variables": settings_in_force()}),
        }
        return {**document, **self._figures_of_first_version(document)}

    @api.model
    def page(self):
        """Return the content of the page: the status document."""
        return self.status()

    @api.model
    def _part(self, work):
        """Return a part of the document; its error in the words for users if it has one."""
        try:
            with limited(self.env.cr):
                return work()
        except psycopg2.errors.QueryCanceled:
            seconds = int(SQL_SECONDS)
            return {"error": _("The database did not answer within %s seconds.", seconds)}
        except Exception as error:
            _logger.warning("A part of the status is missing: %s", error, exc_info=True)
            name = type(error).__name__
            return {"error": _("Unexpected error: %s. See the log of the server.", name)}

    @api.model
    def _figures_of_first_version(self, document):
        """Return the keys that scripts of the first version of the document read."""
        usage, attachments = document["usage"], document["attachments"]
        storages = {
            row["name"]: {"files": row["files"], "bytes": row["bytes"]}
            for row in usage.get("place", ())
        }
        return {
            "storages": storages,
            "elsewhere": usage.get("elsewhere"),
            "marks": attachments.get("marks"),
            "spilled": attachments.get("spilled"),
            "comparison": attachments.get("comparison", False),
        }

    # --- usage

    @api.model
    def _usage(self):
        """Return the usage: measured now in a small database, else as it was kept."""
        if storage_usage.is_small(self.env.cr):
            figures = self._measure_usage()
            return {**figures, "time": _text_of(fields.Datetime.now()), "is_kept": False}
        figures, time = self.env["cloud.platform.figures"].sudo()._kept("usage")
        if figures is None:
            self._request_measurement()
            return {"time": None, "is_kept": True}
        return {**figures, "time": time, "is_kept": True}

    @api.model
    def _measure_usage(self):
        plan = self.env["ir.attachment"].sudo()._plan_move()
        figures = storage_usage.measure(self.env.cr)
        ids = [row["name"] for row in figures["company"] if row["name"]]
        companies = self.env["res.company"].sudo().browse(ids).exists()
        return {
            **figures,
            "elsewhere": {"files": plan["files"], "bytes": plan["bytes"]},
            "company_names": {str(company.id): company.name for company in companies},
        }

    @api.model
    def _request_measurement(self):
        with suppress(ValueError):  # the scheduled action was deleted
            self.env["cloud.platform.figures"].sudo()._cron()._trigger()

    # --- attachments

    @api.model
    def _attachments(self):
        attachments = self.env["ir.attachment"].sudo()
        settings = attachments._attachment_storage_settings()
        vacuum = self.env.ref("base.autovacuum_job", raise_if_not_found=False)
        cron = self.env["ir.attachment.reconcile"].sudo()._cron()
        self.env.cr.execute(COUNT_OF_MARKS)
        (marks,) = self.env.cr.fetchone()
        return {
            "disabled": settings.disabled,
            "retention_days": settings.retention_days,
            "marks": marks,
            "spilled": self.env["ir.attachment.spill"].sudo()._figures(),
            "collection": _times_of(vacuum and vacuum.sudo()),
            "comparison": self._latest_comparison(),
            "comparisons": _times_of(cron),
        }

    @api.model
    def _latest_comparison(self):
        names = ["state", "objects", "missing", "marked", "unfinished", "message", "ended"]
        names += ["orphans", "orphan_bytes"]
        run = self.env["ir.attachment.reconcile"].sudo()._latest()
        return (run and _values_of(run, names)) or False

    @api.model
    def _front_ends(self):
        rows = front_ends.front_ends(self.env.cr)
        return {"servers": rows, "versions_differ": front_ends.versions_differ(rows)}

    @api.model
    def _status_of_sessions(self):
        # late: session_redis must be imported by Odoo first, for its post_load to be called
        from odoo.addons.session_redis.hooks import is_active

        return "Redis" if is_active() else "files"

    # --- work

    @api.model
    def _work(self):
        """Return the running work and the last runs, the newest first."""
        moves = self.env["ir.attachment.background.move"].sudo().search([], limit=RUNS)
        runs = self.env["ir.attachment.reconcile"].sudo().search([], limit=RUNS)
        return {
            "moves": [_values_of(move, MOVE_FIELDS) for move in moves],
            "comparisons": [_values_of(run, RUN_FIELDS) for run in runs],
        }

    @api.model
    def latest_work(self):
        """Return the running work and the last runs, for a page that watches them."""
        self._require_administrator()
        return self._part(self._work)

    @api.model
    def start_install(self, kind=None):
        """Install the platform, move the attachments in the background; return the status."""
        self.with_context(cloud_platform_background=True).install(kind)
        return self.status()

    @api.model
    def start_move(self):
        """Start to move the files that are elsewhere, in the background."""
        self._require_administrator()
        self.env["ir.attachment.background.move"].sudo()._start()
        return self._work()

    @api.model
    def stop_move(self):
        """Stop the move in the background after its present batch."""
        self._require_administrator()
        self.env["ir.attachment.background.move"].sudo()._running()._stop()
        return self._work()

    @api.model
    def latest_move(self):
        """Return the latest move of attachments in the background, or False."""
        self._require_administrator()
        return next(iter(self._work()["moves"]), False)

    @api.model
    def start_comparison(self):
        """Start comparing the stored files with the attachments, in the background."""
        self._require_administrator()
        self.env["ir.attachment.reconcile"].sudo()._cron()._trigger()
        return self._work()

    @api.model
    def measure_usage(self):
        """Measure the usage of the storages again, in the background."""
        self._require_administrator()
        self._request_measurement()


def _text_of(time):
    return time.isoformat(" ", "seconds") if time else None


def _times_of(cron):
    """Return the last and the next run of a scheduled action."""
    if not cron:
        return {"last": None, "next": None}
    return {"last": _text_of(cron.lastcall), "next": _text_of(cron.nextcall)}


def _values_of(record, names):
    [values] = record.read(list(names))
    return {
        name: _text_of(value) if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }
