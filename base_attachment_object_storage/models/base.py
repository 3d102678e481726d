"""A file that cannot be read concerns its own record only, and is never stored as an empty one.

Core reads the content of many records at a time, also when one is asked for, and falls back to
this record for ``AccessError`` and ``MissingError`` only. The fall back is here::

    record.image, record.raw        _fetch_field, _compute_field_value
                                    the value, or the error of this record
    fields that are recomputed      _compute_field_value: the stored value stays
    read(), search_read(), web_read(), web_search_read()
                                    _read_format: empty where it cannot be read
    export_data()                   "#ERROR!", which no import accepts
    pages, reports                  core_patches/rendering.py: empty, unless the report is stored

If the store does not answer (``Unavailable``), the complete request fails: trying each record
would add the timeouts.
"""

import logging
from dataclasses import dataclass

from odoo import models
from odoo.exceptions import AccessError

from ..core_patches import rendering
from ..store import Conflict, StoreError, Unavailable

_logger = logging.getLogger(__name__)

# not Base64: five letters do not encode bytes
EXPORTED = b"#ERROR!"
# in the context: a Replaced
REPLACED = "attachment_replaced_contents"


@dataclass(frozen=True)
class Replaced:
    """The contents that are being written."""

    model: str
    ids: frozenset[int]
    fields: frozenset[str]


class ReadSinglyError(StoreError, AccessError):
    """Some of several records cannot be read; core then reads only the record that it needs."""


def concerns_one_file(error):
    """Return True if other files may be readable after this error."""
    return not isinstance(error, (Unavailable, Conflict))


def _is_content(field):
    return field is not None and field.type == "binary" and field.store and not field.column_type


class Base(models.AbstractModel):
    """Records whose binary fields are attachments: an unreadable file affects its record only."""

    _inherit = "base"

    _empty_content = False

    # --- fields whose content is an attachment

    def _fetch_query(self, query, fields):
        contents = [field for field in fields if field.type == "binary" and _is_content(field)]
        if not contents:
            return super()._fetch_query(query, fields)
        others = [field for field in fields if field not in contents]
        fetched = super()._fetch_query(query, others)
        for field in contents:
            fetched._fetch_content(field)
        return fetched

    def _fetch_content(self, field):
        """Put content into the cache; leave out what cannot be read."""
        try:
            if self and not self._fetch_sizes(field):
                field.read(self)
        except StoreError as error:
            if not concerns_one_file(error):
                raise
            if len(self) > 1:
                for record in self:
                    record._fetch_content(field)

    def _fetch_sizes(self, field):
        """Put the sizes of contents into the cache if a client asks only for sizes.

        Only 19.0 does so without this: earlier series read the content to know its size.
        """
        if hasattr(field, "_insert_cache") or not self.env.context.get("bin_size"):
            return False
        domain = [("res_model", "=", self._name), ("res_field", "=", field.name)]
        attachments = self.env["ir.attachment"].sudo()
        found = attachments.search([*domain, ("res_id", "in", self.ids)])
        sizes = {row.res_id: field.convert_to_cache(row.file_size, self) for row in found}
        self.env.cache.insert_missing(self, field, map(sizes.get, self._ids))
        return True

    def _fetch_field(self, field):
        super()._fetch_field(field)
        if not _is_content(field):
            return
        if all(field.name in record._cache for record in self):
            return
        if len(self) > 1:
            raise ReadSinglyError(f"some contents of {field} cannot be read")
        try:
            field.read(self)  # raises its error, once more
        except StoreError as error:
            if not self._is_replaced(field) and not self._is_shown_without(field, error):
                raise
            # empty, but not null: core would make a second attachment
            self._update_cache({field.name: b""}, validate=False)

    # --- content that is replaced

    def _replaced_contents(self, vals):
        """Return the contents that ``vals`` replace: for the context of a ``write()`` that looks
        at the old values. Those that are unreadable are empty to it.
        """
        names = (name for name in vals if _is_content(self._fields.get(name)))
        return Replaced(self._name, frozenset(self.ids), frozenset(names))

    def _is_replaced(self, field):
        replaced = self.env.context.get(REPLACED)
        return (
            isinstance(replaced, Replaced)  # and nothing that a client has sent
            and (replaced.model, field.name in replaced.fields) == (self._name, True)
            and replaced.ids.issuperset(self.ids)
        )

    # --- computed fields, including fields of attachments

    def _compute_field_value(self, field):
        try:
            return super()._compute_field_value(field)
        except StoreError as error:
            if not concerns_one_file(error):
                raise
            if len(self) > 1:
                return self._compute_singly(field)
            if field.store and self.id:
                _logger.error("%s.%s is not computed again: %s", self, field.name, error)
            elif self._is_shown_without(field, error):
                self._update_cache({field.name: False}, validate=False)
            else:
                raise
            return None

    def _is_shown_without(self, field, error):
        """Return True while a page is rendered, which shows what cannot be read as empty."""
        if self._name == "ir.attachment" or not concerns_one_file(error):
            return False
        if not rendering.shows_unreadable():
            return False
        _logger.warning("%s.%s is rendered as empty: %s", self, field.name, error)
        return True

    def _compute_singly(self, field):
        """Compute the records one by one.

        :raises ReadSinglyError: when a field that is not stored has no value for some of them
        """
        failed = None
        for record in self:
            if not field.store and field.name in record._cache:
                continue  # was computed before another one failed
            try:
                record._compute_field_value(field)
            except StoreError as error:
                if not concerns_one_file(error):
                    raise
                failed = error
        if failed:
            raise ReadSinglyError(str(failed))

    # --- what a client gets

    def _read_format(self, fnames, load="_classic_read"):
        try:
            return super()._read_format(fnames, load)
        except StoreError as error:
            if not self._may_be_shown_without(error):
                raise
        rows = []
        for record in self:
            unreadable = self._unreadable_fields(record, fnames)
            readable = [name for name in fnames if name not in unreadable]
            for row in super(Base, record)._read_format(readable, load):
                rows.append({**row, **unreadable})
        return rows

    def _may_be_shown_without(self, error):
        """Return True if what cannot be read may be empty in an answer to a client."""
        return concerns_one_file(error) and (len(self) > 1 or self.env.context.get("bin_size"))

    def _unreadable_fields(self, record, fnames):
        """Return an empty value for each field that cannot be read of one of these records."""
        unreadable = {}
        for name in fnames:
            try:
                record[name]
            except StoreError as error:
                if not self._may_be_shown_without(error):
                    raise
                _logger.warning("%s.%s is shown as empty: %s", record, name, error)
                unreadable[name] = self._empty_content
        return unreadable

    def export_data(self, fields_to_export):
        """Export records; a file that cannot be read is ``#ERROR!``, which no import accepts."""
        try:
            return super().export_data(fields_to_export)
        except StoreError as error:
            if not concerns_one_file(error):
                raise
        unreadable = []
        for path in fields_to_export:
            unreadable += self._unreadable_in(path.split("/"))
        try:
            for record, name in unreadable:
                record._update_cache({name: EXPORTED}, validate=False)
            return super().export_data(fields_to_export)
        finally:
            for record, name in unreadable:
                record.invalidate_recordset([name], flush=False)

    def _unreadable_in(self, path):
        """Return (record, name of its field) for each content at the end of a path."""
        name, rest = path[0], path[1:]
        field = self._fields.get(name)
        if field is None:
            return []
        if field.relational:
            return self[name]._unreadable_in(rest) if rest else []
        unreadable = []
        for record in self:
            try:
                record[name]
            except StoreError as error:
                if not concerns_one_file(error):
                    raise
                _logger.warning("%s.%s is exported as an error: %s", record, name, error)
                unreadable.append((record, name))
        return unreadable
