"""The parts of the status document that other services answer."""

from functools import partial

from odoo import _, api, models

from odoo.addons.base_attachment_object_storage.store import StoreError
from odoo.addons.cloud_base.exceptions import ConfigurationError

from ..checks import registry
from ..probes import Answer, ask_all
from ..settings import PlatformSettings
from ..status import services as service_probes
from ..status.services import DOWN, OFF, UP, Service
from ..status.sessions import session_figures

# for the checks, which ask the stores themselves
FURTHER_SECONDS = 0.5
DOCUMENT = "/cloud_platform/static/description/index.html#checks"


class CloudPlatform(models.AbstractModel):
    """The services, checks and sessions of the status document."""

    _inherit = "cloud.platform"

    @api.model
    def _services_checks_and_sessions(self, usage):
        """Return three parts whose services are asked at the same time."""
        seconds = PlatformSettings.probe_seconds()
        database = self._read_database(may_query_files=False)
        stores, found = self._probes_of_stores(usage)
        probes = {("postgresql", "database"): self._probe_of_postgresql(), **stores}
        if redis := service_probes.probe_of_redis():
            probes["redis", "redis"] = redis
        questions = {f"{kind} {name}": work for (name, kind), work in probes.items()}
        questions["checks"] = partial(registry.run, database, True)
        questions["sessions"] = session_figures
        answers = ask_all(questions, seconds + FURTHER_SECONDS, of=f"{self.env.cr.dbname}, status")
        for name, kind in probes:
            answer = answers[f"{kind} {name}"]
            found.append(service_probes.service_of_answer(name, kind, answer, seconds))
        found.append(self._service_of_sessions(redis, found))
        found += [service_probes.logs(), service_probes.metrics()]
        return {
            "services": self._part(partial(self._with_times, found)),
            "checks": self._part(partial(self._checks, answers["checks"], database)),
            "session_store": self._sessions_of_answer(answers["sessions"]),
        }

    @api.model
    def _probe_of_postgresql(self):
        return service_probes.probe_of_postgresql(self.env.cr.dbname)

    @api.model
    def _probes_of_stores(self, usage):
        """Return the probes of the stores in use, and the stores that cannot be asked."""
        attachments = self.env["ir.attachment"].sudo()
        location = attachments._chosen_location()
        names = {row["name"] for row in usage.get("place", ()) if "://" in str(row["name"])}
        if location in attachments._get_stores():
            names = {name for name in names if not name.startswith(f"{location}://")}
            names.add(location)
        probes, found = {}, []
        for name in sorted(names):
            scheme, _separator, container = name.partition("://")
            try:
                store = attachments._get_object_store(scheme, container or None)
                label = f"{scheme}://{store.container}"
                probes[label, "store"] = service_probes.probe_of_store(store)
            except (ConfigurationError, StoreError, NotImplementedError, KeyError) as error:
                disabled = attachments._attachment_storage_settings().disabled
                state = OFF if disabled else DOWN
                found.append(Service(name, "store", state, problem=type(error).__name__))
        return probes, found

    @api.model
    def _service_of_sessions(self, redis, found):
        if not redis:
            return Service("files", "sessions", UP)
        [state] = [service.state for service in found if service.kind == "redis"]
        return Service("Redis", "sessions", state)

    @api.model
    def _with_times(self, found):
        """Return the services, each with the time since which it has been in its state."""
        kept = self.env["cloud.platform.figures"].sudo()
        states, now = kept._kept("services")[0] or {}, self._now()
        new = {}
        for service in found:
            key = f"{service.kind} {service.name}"
            state, since = states.get(key, ("", now))
            new[key] = [service.state, since if state == service.state else now]
        if new != states:
            kept._keep("services", new)
        return {
            "services": [
                {**service.as_dict(), "since": new[f"{service.kind} {service.name}"][1]}
                for service in found
            ]
        }

    @api.model
    def _now(self):
        self.env.cr.execute("SELECT date_trunc('second', now() AT TIME ZONE 'UTC')::text")
        return self.env.cr.fetchone()[0]

    # --- checks

    @api.model
    def _checks(self, answer, database):
        if not answer.in_time:
            return {"error": _("The checks have not ended in time.")}
        if answer.error:
            raise answer.error
        report = answer.value + self._check_by_hooks(database)
        rules, group_names = self._rules_of_checks(), self._groups_of_checks()
        rows = [
            {
                "id": finding.id,
                "state": finding.level,
                "sentence": finding.message,
                "hint": finding.hint,
            }
            for finding in report.findings
        ]
        for name in report.passed:
            sentence = rules.get(name, ("", _("The check passed.")))[1]
            rows.append({"id": name, "state": "passed", "sentence": sentence, "hint": ""})
        for row in rows:
            group = rules.get(row["id"], ("other", ""))[0]
            row.update(group=group, link=DOCUMENT)
        return {
            "ok": report.ok,
            "time": self._now(),
            "groups": group_names,
            "checks": rows,
        }

    @api.model
    def _groups_of_checks(self):
        return {
            "environment": _("Environment"),
            "sessions": _("Sessions"),
            "storage": _("File storage"),
            "ownership": _("Owner of the files"),
            "other": _("Other"),
        }

    @api.model
    def _rules_of_checks(self):
        """Return the group of each check, and the rule that a check has passed."""
        storage, sessions, environment = "storage", "sessions", "environment"
        ownership = "ownership"
        name = _("The name of the container is right for this environment.")
        return {
            "environment": (environment, _("The running environment is known.")),
            "settings": (environment, _("Every variable has a valid value.")),
            "parameter": (environment, _("Every system parameter has a valid value.")),
            "not-updated": (environment, _("The database is updated to the code.")),
            "logging-json": (environment, _("The log is written as JSON.")),
            "kind": (environment, _("The platform is installed in this database.")),
            "R1": (sessions, _("Redis is switched on for the sessions.")),
            "R2": (sessions, _("The address of Redis is set.")),
            "R3": (sessions, _("The prefix of the sessions is set.")),
            "R4": (sessions, _("The prefix of the sessions has the expected form.")),
            "prefix-environment": (sessions, _("The prefix names this environment.")),
            "session-redis-loaded": (sessions, _("Sessions are stored in Redis.")),
            "session-files": (sessions, _("No addon reads the session files.")),
            "storage-disabled": (storage, _("The file storage is switched on.")),
            "F1": (storage, _("Attachments are stored in the platform's file storage.")),
            "F2": (storage, _("The credentials of the file storage are set.")),
            "F3": (storage, _("The container of the file storage has a name.")),
            "F5": (storage, name),
            "F6": (storage, _("The container does not belong to production.")),
            "F7": (storage, _("Attachments of a test instance are in the right place.")),
            "container-environment": (storage, name),
            "location": (storage, _("Attachments are in the usual place for this environment.")),
            "store-refuses": (storage, _("The file storage accepts the credentials.")),
            "store-unavailable": (storage, _("The file storage answers.")),
            "files-unreadable": (storage, _("An installed addon reads each file.")),
            "store-spilled": (storage, _("No file waits in the database for the file storage.")),
            "neutralized": (ownership, _("This is not a neutralized copy in production.")),
            "not-owned": (ownership, _("A database owns the stored files.")),
            "copy": (ownership, _("This database owns its stored files.")),
        }

    # --- sessions

    @api.model
    def _sessions_of_answer(self, answer: Answer):
        if not answer.in_time:
            return {"error": _("Redis did not answer in time.")}
        if answer.error:
            return {"error": _("Redis cannot be reached: %s", type(answer.error).__name__)}
        return answer.value
