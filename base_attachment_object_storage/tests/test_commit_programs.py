"""Random transactions against the commit gate: committed rows always have their objects.

A program is a tree: creates with a program inside, after the rows are written; savepoints in
each form that Odoo code uses; errors, and callers that ignore them; collections on another
connection, without a retention.
"""
# pylint: disable=invalid-commit

from contextlib import suppress

import psycopg2
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st

from odoo.exceptions import MissingError, ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from .contracts.commit import VALUES, CommitSetUp
from .test_transactions import DirectorySetUp
from .transaction_setup import OWNER_LOG

EXAMPLES = 40
CONTENTS = [b"content %d" % number for number in range(5)] + [b"large" * 1000]

content = st.integers(0, len(CONTENTS) - 1)
steps = st.recursive(
    st.one_of(
        st.tuples(st.just("write"), content),
        st.tuples(st.sampled_from(["delete", "collect", "fail", "flush"])),
    ),
    lambda inner: st.one_of(
        st.tuples(
            st.just("create"),
            st.lists(content, min_size=1, max_size=3),
            st.lists(inner, max_size=3),
        ),
        st.tuples(
            st.just("savepoint"),
            st.sampled_from(["flush", "no flush", "SQL"]),
            st.booleans(),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.tuples(st.just("swallow"), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=12,
)
CREATE, COLLECT, FAIL = ("create", [4], []), ("collect",), ("fail",)
programs = st.lists(steps, min_size=1, max_size=5)


class Failed(ValidationError):
    """The error of a program."""


class Program:
    """Runs a program in the transaction of ``attachments``."""

    def __init__(self, attachments, collect):
        self.cursor = attachments.env.cr
        self.attachments = attachments
        self.collect_garbage = collect
        self.after_insert = []

    def run(self, program):
        for name, *arguments in program:
            getattr(self, name)(*arguments)

    # pylint: disable-next=method-required-super
    def create(self, contents, inner):
        self.after_insert.append(inner)
        try:
            self.attachments.create([{**VALUES, "raw": CONTENTS[n]} for n in contents])
        finally:
            if inner in self.after_insert:
                self.after_insert.remove(inner)

    # pylint: disable-next=method-required-super
    def write(self, number):
        for attachment in self.rows():
            attachment.write({"raw": CONTENTS[number]})

    def delete(self):
        self.rows().unlink()

    def collect(self):
        self.collect_garbage()

    def fail(self):
        raise Failed("of a program")

    def flush(self):
        self.attachments.env.flush_all()

    def savepoint(self, way, is_kept, inner):
        if way == "SQL":
            self.cursor.execute("SAVEPOINT program")
            try:
                self.run(inner)
            except Failed:
                is_kept = False
                raise
            finally:
                self.attachments.env.flush_all()
                self.cursor.execute(f"{'RELEASE' if is_kept else 'ROLLBACK TO'} SAVEPOINT program")
                self.cursor.transaction.clear()
            return
        savepoint = self.cursor.savepoint(flush=way == "flush")
        try:
            self.run(inner)
            self.attachments.env.flush_all()
        except Failed:
            is_kept = False
            raise
        finally:
            savepoint.close(rollback=not is_kept)
            if not is_kept:
                self.cursor.transaction.clear()

    def swallow(self, inner):
        with suppress(Failed):
            self.run(inner)

    def rows(self):
        self.attachments.env.flush_all()
        self.cursor.execute(
            "SELECT id FROM ir_attachment WHERE name = %s ORDER BY id LIMIT 2", (VALUES["name"],)
        )
        return self.attachments.browse([number for (number,) in self.cursor.fetchall()])


@tagged("post_install", "-at_install")
class TestCommitPrograms(DirectorySetUp, CommitSetUp, TransactionCase):
    """Many transactions on a local directory."""

    def test_no_program_commits_a_row_without_its_object(self):
        outcomes = set()
        running = []
        model = self.registry["ir.attachment"]
        validate = model._validate_fields

        def validated(records, *args, **kwargs):
            validate(records, *args, **kwargs)
            if records and running and running[-1].after_insert:
                running[-1].run(running[-1].after_insert.pop() or [])

        self.patch(model, "_validate_fields", validated)

        @example([("create", [2, 3], [("savepoint", "SQL", False, [CREATE]), COLLECT])])
        @example([("swallow", [("create", [0, 1, 2], [("write", 3), FAIL])])])
        @given(programs)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
        )
        def run(program):
            self.prepare()
            attachments = self.session()
            running.append(Program(attachments, self.collect))
            try:
                with mute_logger(OWNER_LOG + ".ir_attachment", "odoo.sql_db"):
                    running[-1].run(program)
            except (Failed, MissingError, psycopg2.Error) as error:
                attachments.env.cr.rollback()
                self.check_store()
                outcomes.add(type(error).__name__)
            else:
                outcomes.add(self.commit(attachments))
            finally:
                running.pop()
                attachments.env.cr.close()

        run()
        # the programs have all three outcomes: a commit, a refusal, an error
        self.assertLessEqual({True, False, "Failed"}, outcomes)

    def prepare(self):
        """Create two rows, and objects with marks that a collection deletes."""
        attachments = self.session()
        attachments.search([("name", "=", VALUES["name"])]).unlink()
        self.create(attachments, *CONTENTS)[2:].unlink()
        attachments.env.cr.commit()
        attachments.env.cr.close()
