from contextlib import contextmanager

from odoo.tests import TransactionCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError

from ..postgresql import RIGHTS, TABLES, _require_writable, require


@tagged("post_install", "-at_install")
class TestPostgresql(TransactionCase):
    """Servers that are down, standbys and databases that only read: ``dev/tests``."""

    def test_a_database_that_takes_writes_is_right(self):
        require(self.env.cr.dbname)

    def test_a_database_that_does_not_exist_is_refused(self):
        with self.assertRaisesRegex(ConfigurationError, "no-such-database"):
            require("no-such-database")

    def test_a_transaction_that_only_reads_is_unreachable(self):
        self.env.cr.execute("SET TRANSACTION READ ONLY")
        with self.assertRaisesRegex(UnreachableError, "read only"):
            _require_writable(self.env.cr, "one")

    def test_each_right_on_each_table_is_needed(self):
        for table in TABLES:
            for right in RIGHTS:
                with (
                    self.subTest(right, table=table),
                    self.without(right, table),
                    self.assertRaisesRegex(ConfigurationError, table),
                ):
                    _require_writable(self.env.cr, "one")
        _require_writable(self.env.cr, "one")

    @contextmanager
    def without(self, right, table):
        """Be a user who has every right but one, until the end of the block."""
        self.env.cr.execute("SAVEPOINT rights")
        self.env.cr.execute("CREATE ROLE somebody_of_a_test")
        for name in TABLES:
            self.env.cr.execute(f"GRANT {', '.join(RIGHTS)} ON {name} TO somebody_of_a_test")
        self.env.cr.execute(f"REVOKE {right} ON {table} FROM somebody_of_a_test")
        self.env.cr.execute("SET LOCAL ROLE somebody_of_a_test")
        try:
            yield
        finally:
            self.env.cr.execute("ROLLBACK TO SAVEPOINT rights")
