"""Which database owns the objects in a store: see ``ownership/owner.py``.

::

    _claim_store()      cloud.platform.install(): this database is the owner, unless another is
    _adopt_store()      the original is gone, this database takes its place
    _fork_store()       this database becomes independent and gets its own keys

In the shell::

    env["ir.attachment"]._adopt_store(); env.cr.commit()
"""

import logging
import uuid
from dataclasses import replace

from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import config, ormcache

from ..garbage.marks import forget_marks_on_objects
from ..ownership.owner import (
    NOBODY,
    PARAMETER,
    Owner,
    Standing,
    may_claim,
    prefix_of,
    present_standing,
    server_of,
)
from ..store import NotFound, Refused, StoreUri
from ..upload.target import ObjectTarget

_logger = logging.getLogger(__name__)


class IrAttachment(models.Model):
    """The ownership of this database's objects."""

    _inherit = "ir.attachment"

    @api.model
    def _object_owner(self):
        """Return the first part of the keys of this database's objects."""
        return prefix_of(
            self._owner_parameter(PARAMETER),
            self._owner_parameter("database.uuid"),
            self.env.cr.dbname,
            self._running_environment(),
            self._database_server(),
        )

    @api.model
    def _present_owner(self, scheme=None):
        """Return this database as an owner, from its present name, environment and server.

        :param scheme: of a store; by default the one for new objects
        """
        scheme = scheme or self._storage()
        return self._owner_and_standing(scheme, self._get_object_store(scheme))[0]

    @api.model
    def _owner_and_standing(self, scheme, store):
        """Return this database as the owner of objects in a store, and its standing."""
        return present_standing(
            self._owner_parameter(PARAMETER),
            self._owner_parameter("database.uuid"),
            self.env.cr.dbname,
            self._running_environment(),
            scheme,
            store.container if store else "",
            self._database_server(),
        )

    @api.model
    def _object_target(self, scheme):
        """Return the ``ObjectTarget`` of a store; this sends no request.

        :raises Refused: if this database is a copy
        """
        store = self._get_object_store(scheme)
        owner, what = self._owner_and_standing(scheme, store)
        if not what.may_write:
            raise self._refusal_of_copy()
        return ObjectTarget(scheme, store, owner.prefix, self._has_write_hook())

    @api.model
    def _store_standing(self, scheme=None):
        """Return what this database is to its objects; asks no store."""
        if not self._owner_parameter(PARAMETER):
            return Standing.UNKNOWN
        scheme = scheme or self._storage()
        return self._owner_and_standing(scheme, self._get_object_store(scheme))[1]

    @api.model
    def _require_writable_store(self):
        """Raise ``Refused`` if this database is a copy, which must not write to the store."""
        if not self._store_standing().may_write:
            raise self._refusal_of_copy()

    @api.model
    def _refusal_of_copy(self):
        error = Refused(self._explain_copy())
        error.loglevel = logging.WARNING  # odoo.http adds a line and no traceback
        return error

    @api.model
    def _owner_that_may_delete(self):
        """Return (owner, None), or (None, why nothing may be deleted); asks the store."""
        record = Owner.parse(self._owner_parameter(PARAMETER))
        scheme = record.scheme if record else None
        if self._attachment_storage_settings().disabled:
            return None, _("The file storage is switched off by DISABLE_ATTACHMENT_STORAGE.")
        if scheme and scheme not in self._get_stores():
            return None, _("No addon serves %s://.", scheme)
        what = self._store_standing(scheme)
        if what is Standing.UNKNOWN:
            return None, _("No database owns the stored files: run install().")
        if what is not Standing.OWNER:
            return None, self._explain_copy()
        owner = self._present_owner(scheme)
        objection = self._objection_of_store(owner)
        return (None, objection) if objection else (owner, None)

    @api.model
    def _make_delete(self, owner):
        """Return a function that deletes objects by their names and returns what failed.

        It sends one request for as many as ``_delete_limit()`` says.
        """
        store = self._get_object_store(owner.scheme, owner.container)
        if store is None:
            return self._delete_by_hook

        def delete(names):
            keys = {StoreUri.parse(name).key: name for name in names}
            return {keys[key]: error for key, error in store.delete_many(keys).items()}

        return delete

    @api.model
    def _delete_limit(self, owner):
        """Return how many objects one request deletes."""
        store = self._get_object_store(owner.scheme, owner.container)
        return store.delete_limit if store else 1

    @api.model
    def _delete_by_hook(self, names):
        failures = {}
        for name in names:
            try:
                self._store_file_delete(name)
            except Exception as error:  # noqa: BLE001  # hooks of others raise anything
                failures[name] = error
        return failures

    # --- the commands

    @api.model
    def _require_claimable_store(self, scheme=None):
        """Raise a ``UserError`` for an undeclared copy of a database; asks no store."""
        if not self._may_claim_store(scheme):
            raise UserError(self._explain_copy())

    @api.model
    def _may_claim_store(self, scheme=None):
        record = self._owner_parameter(PARAMETER)
        return record == NOBODY or may_claim(record, self._present_owner(scheme))

    @api.model
    def _claim_store(self, scheme=None):
        """Make this database the owner of its objects in the store for new objects.

        It can be repeated. Another container than before is claimed as well: objects in the
        former container are not collected any more. A neutralized copy is a declared copy: it
        becomes independent, like by ``_fork_store()``.

        :return: the owner, a JSON-able dictionary
        :raises UserError: for a copy of a database
        """
        if self._owner_parameter(PARAMETER) == NOBODY:
            return self._fork_store(scheme)
        self._require_claimable_store(scheme)
        present = self._present_owner(scheme)
        claim = self._read_claim(present)
        if claim and not claim.is_same(present):
            # the record allows it, but the claim in the store names another owner
            raise UserError(self._explain_copy(claimable=False))
        return self._write_claim(present)

    @api.model
    def _adopt_store(self, scheme=None):
        """Take over the objects of the database of which this one is a copy; see above.

        For a database that was renamed or moved, when the original no longer exists. If it
        does exist, it deletes no object any more.
        """
        return self._write_claim(self._present_owner(scheme))

    @api.model
    def _fork_store(self, scheme=None):
        """Make this copy of a database independent.

        New objects get a new prefix. The objects of the original are read as before, and never
        deleted by this database. The original may delete them, after its retention.
        """
        # the marks are about objects of the original
        forget_marks_on_objects(self.env.cr)
        present = replace(self._present_owner(scheme), prefix=str(uuid.uuid4()))
        return self._write_claim(present)

    # --- the record and the claim

    @api.model
    def _objection_of_store(self, owner):
        """Return None, or why ``owner`` is not the owner according to the store."""
        claim = self._read_claim(owner)
        if claim is None:
            return "the store has no claim of this database: run install() again"
        if not claim.is_same(owner):
            # a copy has adopted the objects: it would delete objects that this database adds now
            self._record_owner(claim)
            return f"the store names another owner: {claim}"
        return None

    @api.model
    def _read_claim(self, owner):
        store = self._get_object_store(owner.scheme, owner.container)
        if store is None:  # older hooks only: the record alone decides
            return owner
        with self._store_access(owner.claim_key):
            try:
                return Owner.parse(store.read(owner.claim_key))
            except NotFound:
                return None

    @api.model
    def _write_claim(self, owner):
        store = self._get_object_store(owner.scheme, owner.container)
        if store is not None:
            with self._store_access(owner.claim_key):
                store.put(owner.claim_key, str(owner).encode(), content_type="application/json")
        self._record_owner(owner)
        _logger.info("This database owns the objects below %s", owner.name_of(owner.prefix))
        return owner.as_dict()

    @api.model
    def _record_owner(self, owner):
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, str(owner))

    @api.model
    def _explain_copy(self, claimable=None):
        if claimable is None:
            claimable = self._may_claim_store()
        return f"{self._explain_standing()} {self._explain_commands(claimable)}"

    @api.model
    def _explain_standing(self):
        record = self._owner_parameter(PARAMETER)
        known = Owner.parse(record)
        if record == NOBODY:
            return _("This database is a neutralized copy: it only reads stored files.")
        if known and known.database != self.env.cr.dbname:
            return _(
                "This database is a copy of “%s”, which owns the stored files.", known.database
            )
        if known and not known.is_same(replace(known, server=self._database_server())):
            return _(
                "This database does not own the stored files: it is a copy, or was moved to "
                "another PostgreSQL server."
            )
        return _("This database does not own the stored files: it is a copy, or was moved.")

    @api.model
    def _explain_commands(self, claimable):
        """Return the sentence that names what an operator runs.

        :param claimable: True if the database may own files without a decision of an operator
        """
        if claimable:
            return _("Run env['ir.attachment']._claim_store() to have it own new files here.")
        return _(
            "Run env['ir.attachment']._fork_store() to have it keep its own new files, or "
            "env['ir.attachment']._adopt_store() if the original no longer exists."
        )

    @api.model
    def _running_environment(self):
        return config.get("running_env") or ""

    @api.model
    @ormcache()
    def _database_server(self):
        return server_of(self.env.cr)

    @api.model
    def _owner_parameter(self, name):
        return self.env["ir.config_parameter"].sudo().get_param(name) or ""
