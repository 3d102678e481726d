"""A backend addon with the settings of the environment: mixed in by each backend addon."""

from ...store import StoreUri


class RegistrationContract:
    """Mixed into a test case that sets ``scheme``, on the environment's store."""

    allow_inherited_tests_method = True

    def assert_takes_and_gives(self, container):
        """Check that an attachment is written to and read from the configured container."""
        attachments = self.env["ir.attachment"].with_context(storage_location=self.scheme)
        self.assertIn(self.scheme, attachments._get_stores())
        store = attachments._get_object_store(self.scheme)
        self.assertEqual(store.container, container)
        store.create_container()
        attachment = attachments.create(
            {"name": "a.pdf", "mimetype": "application/pdf", "raw": b"end to end"}
        )
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"end to end")
        uri = StoreUri.parse(attachment.store_fname)
        self.assertEqual((uri.scheme, uri.container), (self.scheme, store.container))
        self.assertEqual(store.read(uri.key), b"end to end")

    def test_a_registry_without_the_addon_keeps_off_the_local_disk(self):
        model = self.env["ir.attachment"]
        model._get_object_store(self.scheme).create_container()
        stored = model.with_context(storage_location=self.scheme).create(
            {"name": "a.pdf", "mimetype": "application/pdf", "raw": b"in the bucket"}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.env["ir.config_parameter"].set_param("ir_attachment.location", self.scheme)
        # like for modules that are updated before the addon is loaded
        self.patch(self.registry["ir.attachment"], "_get_stores", lambda records: [])
        self.assertEqual(stored.raw, b"in the bucket")
        new = model.create({"name": "b.pdf", "mimetype": "application/pdf", "raw": b"new"})
        self.assertEqual((new.store_fname, new.db_datas), (False, b"new"))
        dropped = stored.store_fname
        stored.unlink()
        marks = self.env["ir.attachment.garbage"].search_count([("store_fname", "=", dropped)])
        self.assertEqual(marks, 1)
