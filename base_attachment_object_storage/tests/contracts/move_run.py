"""Progress, end and report of a move: mixed in by each backend addon."""

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ...store import Integrity, Refused, Unavailable
from ...transfer import copy, run
from ...transfer.destinations import StoreDestination
from ...transfer.rows import BATCH, Rows
from ..attachment_setup import LOG, MOVE_LOG, MoveSetUp


class MoveRunContract(MoveSetUp):
    """One run: its plan, progress, limits and report, including the move after an update."""

    def test_a_plan_counts_and_touches_nothing(self):
        attachment = self.created_at("db", b"planned")
        self.created_at("file", b"planned too")
        before = self.columns(attachment)
        self.calls.clear()
        plan = self.attachments._plan_move()
        self.assertEqual((plan["files"], plan["bytes"]), (2, 18))
        self.assertEqual(plan["places"]["db"], {"files": 1, "bytes": 7})
        self.assertEqual((self.columns(attachment), self.calls), (before, []))

    def test_a_move_tells_how_far_it_is_and_stops_when_told(self):
        total = BATCH + 50
        self.many_in_the_database(total)
        told = []

        def stop(report):
            told.append((report.total, report.rate > 0, report.seconds_left >= 0))
            return True

        report = self.attachments._move(progress=stop)
        self.assertEqual(set(told), {(total, True, True)})
        self.assertFalse(report.complete)
        self.assertIn(report.moved, range(1, total))
        rest = self.attachments._move()
        self.assertEqual((rest.moved, rest.complete), (total - report.moved, True))

    def test_a_move_ends_at_its_limits(self):
        self.many_in_the_database(30)
        self.assertEqual(self.attachments._move(limit=7).moved, 7)
        report = self.attachments._move(limit_bytes=4)
        self.assertFalse(report.complete)
        self.assertIn(report.bytes, range(4, 6))
        self.assertTrue(self.attachments._move(verify=True).complete)

    def test_a_move_that_verifies_reads_what_it_has_stored(self):
        self.created_at("db", b"read again")
        self.calls.clear()
        self.attachments._move(verify=True)
        self.assertEqual(self.calls, ["put", "open"])

    def test_a_target_that_fails_ends_the_move_with_a_report_of_what_was_done(self):
        self.many_in_the_database(40)
        done = []
        put = StoreDestination.put

        def fail(destination, content, mimetype):
            if len(done) >= 5:
                raise Unavailable("no answer")
            done.append(content.sha1)
            return put(destination, content, mimetype)

        self.patch(StoreDestination, "put", fail)
        report = None
        with mute_logger(LOG, MOVE_LOG):
            try:
                self.attachments._move()
            except Unavailable as error:  # assertRaises() would roll back, on 17.0
                report = error.report
        self.assertEqual((report.complete, report.failed, report.total), (False, [], 40))
        self.env.cr.execute(
            "SELECT count(*) FROM ir_attachment WHERE store_fname LIKE '%://%' AND type = 'binary'"
        )
        self.assertEqual(self.env.cr.fetchone(), (report.moved,))

    def fail_for(self, content, error):
        """Make the destination refuse one content."""
        put = StoreDestination.put

        def put_others(destination, moved, mimetype):
            if moved.to_bytes() == content:
                raise error
            return put(destination, moved, mimetype)

        self.patch(StoreDestination, "put", put_others)

    def test_an_error_of_one_content_is_reported_and_all_others_move(self):
        errors = [
            MemoryError(),
            OSError("no space left on device"),
            ValueError("not a name"),
            RuntimeError("anything"),
            Refused("too large"),
            Integrity("other bytes"),
        ]
        for number, error in enumerate(errors):
            with self.subTest(error), mute_logger(MOVE_LOG):
                content = b"refused %d" % number
                bad = self.created_at("db", content)
                others = [self.created_at("db", content + b" %d" % n) for n in range(3)]
                before = self.columns(bad)
                self.fail_for(content, error)
                report = self.attachments._move()
                self.assertEqual([number for number, _reason in report.failed], [bad.id])
                self.assertTrue(report.failed[0][1])
                self.assertEqual((report.moved, report.complete), (3, True))
                self.assertEqual(self.columns(bad), before)
                self.assertTrue(all("://" in other.store_fname for other in others))
                bad.unlink()

    def test_a_target_that_accepts_nothing_ends_the_move(self):
        self.many_in_the_database(3 * run.MOST_REFUSALS)
        attempts = []

        def refuse(_destination, content, _mimetype):
            attempts.append(content.sha1)
            raise Refused("read only")

        self.patch(StoreDestination, "put", refuse)
        refused = False
        with mute_logger(LOG, MOVE_LOG):
            try:
                self.attachments._move()
            except Refused:  # assertRaises() would roll back, on 17.0
                refused = True
        self.assertTrue(refused)
        self.assertLess(len(attempts), 3 * run.MOST_REFUSALS)

    def test_content_that_is_too_large_for_the_database_is_reported_and_not_read(self):
        large, small = self.new(b"large" * 10), self.new(b"small")
        before = self.columns(large)
        self.patch(copy, "LARGEST_IN_DATABASE", 49)
        self.set_location("db")
        self.calls.clear()
        with mute_logger(MOVE_LOG):
            report = self.attachments._move()
        self.assertEqual(self.calls, ["open"])
        self.assertEqual([number for number, _reason in report.failed], [large.id])
        self.assertIn("too large for the database", report.failed[0][1])
        self.assertEqual((report.moved, report.complete), (1, True))
        self.assertEqual((self.columns(large), small.store_fname), (before, False))

    def test_content_that_postgresql_refuses_is_reported_and_all_others_move(self):
        bad = self.new(b"refused by the database")
        before = self.columns(bad)
        others = [self.new(b"other %d" % number) for number in range(3)]
        codes = ("program_limit_exceeded", "data_exception", "out_of_memory", "disk_full")
        for code in codes:
            self.set_location(self.scheme)
            self.attachments._move()
            self.refuse_in_the_database(bad, code)
            self.set_location("db")
            with self.subTest(code), mute_logger(MOVE_LOG, "odoo.sql_db"):
                report = self.attachments._move()
                self.assertEqual([number for number, _reason in report.failed], [bad.id])
                self.assertEqual((report.moved, report.skipped), (3, 0))
                self.assertEqual(self.columns(bad), before)
                self.env.invalidate_all()
                self.assertFalse(any(other.store_fname for other in others))

    def refuse_in_the_database(self, attachment, code):
        """Make PostgreSQL raise an error when content is written to a row."""
        self.env.cr.execute(  # pylint: disable=sql-injection
            f"""
            CREATE OR REPLACE FUNCTION refuse_content() RETURNS trigger AS $$ BEGIN
                IF NEW.db_datas IS NOT NULL AND NEW.id = {attachment.id} THEN
                    RAISE EXCEPTION 'refused' USING ERRCODE = '{code}';
                END IF;
                RETURN NEW;
            END $$ LANGUAGE plpgsql;
            CREATE OR REPLACE TRIGGER refuse_content BEFORE UPDATE ON ir_attachment
                FOR EACH ROW EXECUTE FUNCTION refuse_content();
            """
        )

    def test_content_that_the_database_does_not_give_is_reported_and_all_others_move(self):
        bad = self.created_at("db", b"damaged")
        before = self.columns(bad)
        others = [self.created_at("db", b"fine %d" % number) for number in range(3)]
        read = Rows._read_contents

        def fail(rows, ids):
            if bad.id in ids:
                rows.cursor.execute("SELECT 1 / 0")
            return read(rows, ids)

        self.patch(Rows, "_read_contents", fail)
        with mute_logger(MOVE_LOG, "odoo.sql_db"):
            report = self.attachments._move()
        self.assertEqual([number for number, _reason in report.failed], [bad.id])
        self.assertEqual((report.moved, report.complete), (3, True))
        self.assertEqual(self.columns(bad), before)
        self.assertTrue(all("://" in other.store_fname for other in others))

    def test_what_an_update_stored_before_this_addon_loaded_is_moved(self):
        attachment = self.created_at("file", b"stored by a module that loads first")
        self.patch(self.registry, "updated_modules", [])
        self.attachments._register_hook()
        self.assertNotIn("://", attachment.store_fname)
        self.registry.updated_modules.append("base")
        self.attachments._register_hook()
        self.assertEqual(self.read_object(attachment), attachment.raw)

    def test_an_update_fetches_no_object_of_another_container(self):
        attachment = self.new_in_other_container(b"of the original")
        old = attachment.store_fname
        self.patch(self.registry, "updated_modules", ["base"])
        self.calls.clear()
        self.attachments._register_hook()
        self.assertEqual((attachment.store_fname, self.calls), (old, []))

    @mute_logger(LOG)
    def test_an_update_ends_well_while_the_store_is_down(self):
        def fail(_destination, _content, _mimetype):
            raise Unavailable("no answer")

        attachment = self.created_at("file", b"stored by a module that loads first")
        self.patch(self.registry, "updated_modules", ["base"])
        self.patch(StoreDestination, "put", fail)
        with self.assertLogs(MOVE_LOG, "ERROR") as logs:
            self.attachments._register_hook()
        self.assertIn("force_storage()", logs.output[0])
        self.env.invalidate_all()
        self.assertNotIn("://", attachment.store_fname)

    def test_only_administrators_move(self):
        user = self.env.ref("base.public_user")
        with self.assertRaises(AccessError):
            self.attachments.with_user(user).force_storage()
