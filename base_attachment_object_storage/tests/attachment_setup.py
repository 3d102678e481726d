"""Set-up of the attachment contracts: a model on a store that counts its requests."""

import hashlib
import io

from PIL import Image

from ..ownership.owner import PARAMETER as OWNER_PARAMETER
from ..settings import StorageSettings
from ..store import StoreUri
from ..upload import transaction
from ..upload.garbage_marker import RecentlySeen

LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment"
BASE_LOG = "odoo.addons.base_attachment_object_storage.models.base"
CORE_LOG = "odoo.addons.base.models.ir_attachment"
MOVE_LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment_move"


def noise(size, image_format="PNG"):
    """Return an image of ``size`` that cannot be compressed."""
    width, height = size
    pixels = hashlib.shake_128(b"noise").digest(width * height * 3)
    with io.BytesIO() as buffer:
        Image.frombytes("RGB", size, pixels).save(buffer, image_format)
        return buffer.getvalue()


class StoreCounter:
    """An object store that counts its calls and forwards them to another store."""

    def __init__(self, store, calls):
        self._store = store
        self._calls = calls

    def __getattr__(self, name):
        if name == "put_new":
            self._calls.append("put")
        if name in ("put", "open", "read", "head", "exists", "delete_many", "list"):
            self._calls.append(name)
        return getattr(self._store, name)

    def begin_put(self, *args):
        finish = self._store.begin_put(*args)
        self._calls += ["put"] * bool(finish)
        return finish


class AttachmentSetUp:
    """Mixed into a test case that sets ``scheme`` and has ``make_store(container=None)``.

    Without a container, this is the store for new objects.
    """

    # Odoo 18.0 and later run inherited tests only with this attribute
    allow_inherited_tests_method = True

    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"]
        self.calls = []
        model = self.registry["ir.attachment"]
        stores = sorted({self.scheme, *self.attachments._get_stores()})
        self.patch(model, "_get_stores", lambda records: stores)
        self.patch(model, "_get_object_store", lambda records, *place: self.counted_store(*place))
        # each test has a new store
        self.patch(transaction, "recently_seen", RecentlySeen(600, 10_000))
        self.set_location(self.scheme)
        self.forget_owner()
        # outages are errors, except in the tests of spilling
        self.change_storage_settings(ATTACHMENT_SPILL_MAX_MB=0)

    def forget_what_was_seen(self):
        """Empty the memory of this process about the objects in the store."""
        self.patch(transaction, "recently_seen", RecentlySeen(0, 1))

    def forget_owner(self):
        """Remove the record of the owner, so that this database may write."""
        self.env["ir.config_parameter"].sudo().set_param(OWNER_PARAMETER, False)

    def counted_store(self, scheme, container=None):
        if scheme == self.scheme:
            return StoreCounter(self.make_store(container), self.calls)
        return None

    def set_location(self, location):
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", location)

    def disable_storage(self):
        self.change_storage_settings(DISABLE_ATTACHMENT_STORAGE="1")

    def change_storage_settings(self, **variables):
        settings = StorageSettings(**variables)
        model = self.registry["ir.attachment"]
        self.patch(model, "_attachment_storage_settings", lambda records: settings)

    def new(self, raw, **values):
        return self.attachments.create(
            {"name": "file.bin", "mimetype": "application/pdf", "raw": raw, **values}
        )

    def read_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        return self.make_store(uri.container).read(uri.key)

    def lose_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).delete_many([uri.key])
        self.env.invalidate_all()

    def marks(self, attachment_or_fname):
        fname = getattr(attachment_or_fname, "store_fname", attachment_or_fname)
        return self.env["ir.attachment.garbage"].search_count([("store_fname", "=", fname)])

    def columns(self, attachment):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT store_fname, db_datas IS NULL, checksum, file_size, write_date"
            " FROM ir_attachment WHERE id = %s",
            (attachment.id,),
        )
        return self.env.cr.fetchone()


class MoveSetUp(AttachmentSetUp):
    """Mixed into a test case like ``AttachmentSetUp``; no existing attachment can be moved."""

    def setUp(self):
        super().setUp()
        # the attachments of installed modules are not part of the test
        self.env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        self.env.invalidate_all()

    def created_at(self, location, raw, **values):
        self.set_location(location)
        attachment = self.new(raw, **values)
        self.set_location(self.scheme)
        return attachment

    def new_in_other_container(self, raw):
        """Return an attachment whose object is in another container, under a separate key."""
        other = self.make_store(self.other_container)
        other.create_container()
        other.put("flat", raw)
        attachment = self.new(raw)
        name = f"{self.scheme}://{self.other_container}/flat"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (name, attachment.id)
        )
        self.env.invalidate_all()
        return attachment

    def many_in_the_database(self, count):
        values = {"name": "a", "mimetype": "application/pdf"}
        self.set_location("db")
        self.attachments.create([{**values, "raw": b"%d" % n} for n in range(count)])
        self.set_location(self.scheme)
