"""The owner of the objects in a store: mixed in by each backend addon."""
# pylint: disable=invalid-commit

import uuid

from odoo.exceptions import UserError
from odoo.modules.module import get_module_path

from ...ownership.owner import NOBODY, PARAMETER, Owner, Standing, server_of
from ...store import Refused, StoreUri
from ..transaction_setup import TransactionSetUp


class OwnershipContract(TransactionSetUp):
    """A copy of a database may read, and do nothing else."""

    def record(self, **values):
        owner = {**vars(self.attachments._present_owner()), **values}
        self.set_parameter(PARAMETER, str(Owner(**owner)))

    def test_the_owner_is_recorded_here_and_in_the_store(self):
        owner = self.attachments._present_owner()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)
        self.assertEqual(Owner.parse(self.make_store().read(owner.claim_key)), owner)
        self.assertEqual(owner.database, self.env.cr.dbname)
        self.attachments._claim_store()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_copy_reads_and_refuses_everything_else(self):
        original = self.committed(b"of the original")
        fname = self.deleted(b"deleted by the original")
        for wrong in (
            {"database": "the-original"},
            {"container": "another"},
            {"scheme": "other"},
            {"server": "of-another-host"},
            {"environment": "prod"},
        ):
            if "environment" in wrong:
                model = self.registry["ir.attachment"]
                self.patch(model, "_running_environment", lambda records: "integration")
            self.record(**wrong)
            with self.subTest(wrong):
                self.assertEqual(self.attachments._store_standing(), Standing.COPY)
                self.calls.clear()
                with self.assertRaisesRegex(Refused, "fork.*adopt|install|_claim"):
                    self.new(b"of the copy")
                self.assertEqual(self.calls, [], "writes are refused without a request")
                self.assertEqual(self.attachments.browse(original.id).raw, b"of the original")
                self.assertTrue(self.collect()["refused"])
                self.assertTrue(self.exists(fname))

    def test_a_copy_on_another_host_is_told_what_to_run(self):
        self.record(server="of-another-host")
        with self.assertRaisesRegex(Refused, "PostgreSQL server.*fork.*adopt"):
            self.new(b"of the copy")
        with self.assertRaisesRegex(UserError, "PostgreSQL server.*fork.*adopt"):
            self.attachments._claim_store()
        self.attachments._adopt_store()
        self.assertTrue(self.new(b"of its successor").store_fname)

    def test_a_server_that_nobody_names_is_like_any_until_the_next_installation(self):
        self.record(server="")
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)
        self.attachments._claim_store()
        record = self.env["ir.config_parameter"].get_param(PARAMETER)
        self.env.cr.execute("SELECT system_identifier::text FROM pg_control_system()")
        self.assertEqual([Owner.parse(record).server], list(self.env.cr.fetchone()))

    def test_a_server_that_lets_nobody_ask_has_no_name(self):
        self.env.cr.execute("CREATE SCHEMA hiding; SET LOCAL search_path = hiding, pg_catalog")
        self.env.cr.execute(
            "CREATE FUNCTION hiding.pg_control_system(OUT system_identifier bigint)"
            " LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$"
        )
        self.assertEqual(server_of(self.env.cr), "")
        self.env.cr.execute("SELECT 1")  # the transaction is still usable
        self.env.cr.rollback()
        self.assertTrue(server_of(self.env.cr))

    def test_copies_that_were_made_before_an_installation_write_under_prefixes_of_their_own(self):
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        self.set_parameter(PARAMETER, False)
        model = self.registry["ir.attachment"]
        original = self.new(b"of both").store_fname
        names = {original}
        for name in ("_running_environment", "_database_server"):
            setattr(model, name, lambda records: "of the copy")
            try:
                names.add(self.new(b"of both").store_fname)
                copy = self.attachments._present_owner()
                self.attachments._claim_store()
            finally:
                delattr(model, name)
            self.set_parameter(PARAMETER, False)
            self.attachments._claim_store()
            self.assertNotEqual(self.attachments._object_owner(), copy.prefix)
            self.set_parameter(PARAMETER, False)
        self.assertEqual(len(names), 3)
        self.assertTrue(all(f"/{uuid}-" in name for name in names), names)
        self.attachments._claim_store()
        self.assertIn(f"/{self.attachments._object_owner()}/", original, "also when installed")

    def test_whose_objects_were_adopted_ceases_to_write_when_it_learns_of_it(self):
        owner = self.attachments._present_owner()
        successor = Owner(**{**vars(owner), "server": "of-another-host"})
        self.addCleanup(self.make_store().delete_many, [owner.claim_key])
        self.make_store().put(owner.claim_key, str(successor).encode())
        self.assertIn("of-another-host", self.collect()["refused"])
        with self.assertRaisesRegex(Refused, "fork.*adopt"):
            self.new(b"that the successor would take for garbage")
        self.assertIn("fork", self.collect()["refused"])

    def test_a_copy_moves_nothing_into_the_container_of_its_original(self):
        in_database = self.attachments.with_context(storage_location="db")
        self.new_in(in_database, b"of the copy")
        self.record(database="the-original")
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "fork.*adopt|install|_claim"):
            self.attachments.force_storage()
        self.patch(self.registry, "updated_modules", ["base"])
        self.attachments._register_hook()
        self.assertEqual(self.calls, [])

    def test_a_copy_is_not_installed_by_accident(self):
        self.record(database="the-original")
        with self.assertRaisesRegex(UserError, "the-original.*fork"):
            self.attachments._claim_store()

    def test_another_container_of_the_same_database_can_be_claimed(self):
        self.record(container="former")
        self.attachments._claim_store()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_claim_of_another_database_stops_installation_and_collection(self):
        fname = self.deleted(b"claimed by another")
        owner = self.attachments._present_owner()
        other = Owner(**{**vars(owner), "database": "adopted-elsewhere"})
        self.make_store().put(owner.claim_key, str(other).encode())
        self.assertIn("adopted-elsewhere", self.collect()["refused"])
        self.set_parameter(PARAMETER, False)
        with self.assertRaisesRegex(UserError, "adopt"):
            self.attachments._claim_store()
        self.make_store().delete_many([owner.claim_key])
        self.record()
        self.assertIn("no claim", self.collect()["refused"])
        self.assertTrue(self.exists(fname))

    def test_a_database_without_a_record_writes_and_never_collects(self):
        fname = self.deleted(b"never collected")
        self.set_parameter(PARAMETER, False)
        self.assertTrue(self.read_object(self.new(b"written")))
        self.assertIn("install()", self.collect()["refused"])
        self.assertTrue(self.exists(fname))

    def test_adopting_takes_over_objects_and_marks(self):
        fname = self.deleted(b"adopted")
        self.record(database="the-original")
        self.attachments._adopt_store()
        self.assertTrue(self.read_object(self.new(b"written")))
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertFalse(self.exists(fname))

    def test_a_fork_reads_the_originals_objects_and_deletes_only_its_own(self):
        original = self.committed(b"of both")
        self.record(database="the-original")
        self.attachments._fork_store()
        mine = self.new(b"of both")
        prefix = StoreUri.parse(mine.store_fname).key.partition("/")[0]
        self.assertNotEqual(prefix, StoreUri.parse(original.store_fname).key.partition("/")[0])
        self.assertEqual(self.attachments.browse(original.id).raw, b"of both")
        own, others = self.deleted(b"own"), original.store_fname
        self.assertIn(prefix, own)
        original.unlink()
        original.env.cr.commit()
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(own), self.exists(others)), (False, True))

    def test_a_copy_that_odoo_made_with_a_new_uuid_keeps_off_until_it_is_installed(self):
        others = self.deleted(b"of the original")
        made_by_odoo = str(uuid.uuid4())
        self.set_parameter("database.uuid", made_by_odoo)
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "install|_claim"):
            self.new(b"into the container of the original")
        self.assertTrue(self.collect()["refused"])
        self.assertEqual(self.calls, [])
        self.attachments._claim_store()
        self.env.cr.commit()
        own = self.deleted(b"of the fork")
        self.assertIn(f"/{made_by_odoo}-", own)
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(own), self.exists(others)), (False, True))
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_copy_with_a_new_uuid_writes_at_once_into_a_container_of_its_own(self):
        self.record(container="of-the-original")
        self.set_parameter("database.uuid", "made-by-odoo")
        self.assertEqual(self.attachments._store_standing(), Standing.FORK)
        self.assertIn("/made-by-odoo-", self.new(b"written at once").store_fname)
        self.assertTrue(self.collect()["refused"], "before its installation")

    def test_a_neutralized_copy_never_writes_and_reads_on(self):
        attachment = self.new(b"of the original")
        fname = self.deleted(b"marked")
        path = f"{get_module_path('base_attachment_object_storage')}/data/neutralize.sql"
        with open(path) as script:
            self.env.cr.execute(script.read())
        self.env.cr.commit()
        self.registry.clear_all_caches()
        self.env.invalidate_all()
        self.assertEqual(self.env["ir.config_parameter"].get_param(PARAMETER), NOBODY)
        self.assertEqual(attachment.raw, b"of the original")
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "neutralized"):
            self.new(b"to the store")
        self.assertTrue(self.collect()["refused"])
        self.assertEqual(self.calls, [])
        self.assertTrue(self.exists(fname))
        before = self.attachments._object_owner()
        self.attachments._claim_store()
        self.assertNotEqual(self.attachments._object_owner(), before)
        self.assertTrue(self.new(b"of a fork").store_fname)

    def test_a_neutralized_copy_keeps_new_files_in_the_database(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("ir_attachment.location", self.scheme)
        with open(f"{get_module_path('base_attachment_object_storage')}/data/neutralize.sql") as s:
            self.env.cr.execute(s.read())
        self.env.invalidate_all()
        self.registry.clear_all_caches()
        self.assertEqual(parameters.get_param("ir_attachment.location"), "db")
        self.env.cr.rollback()
        self.registry.clear_all_caches()
