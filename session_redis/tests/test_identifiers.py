"""Sessions by the identifiers of devices: revoked and missed."""

import itertools
import logging
import time

from odoo import http
from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from .store_case import StoreCase

STORE_LOG = "odoo.addons.session_redis.session_store.store"


@tagged("-at_install", "post_install")
class TestIdentifiers(StoreCase, BaseCase):
    def setUp(self):
        super().setUp()
        if not HAS_IDENTIFIERS:
            self.skipTest("this series of Odoo has no session identifiers")

    def siblings(self):
        """Save three sessions of one identifier."""
        first = self.new_session(uid=2)
        for _number in range(2):
            sibling = self.new_session(uid=2)
            self.store.delete(sibling)
            sibling.sid = first.sid[:42] + sibling.sid[42:]
            self.store.save(sibling)
            yield sibling
        yield first

    def test_revoked_identifier_loses_all_its_sessions_and_no_other(self):
        siblings = list(self.siblings())
        other = self.new_session(uid=2)
        self.store.delete_from_identifiers([siblings[0].sid[:42]])
        for session in siblings:
            self.assertFalse(self.store.get(session.sid))
        self.assertTrue(self.store.get(other.sid))
        self.store.delete(other)
        self.assertEqual(self.sessions_left(), [])

    def test_neither_revoking_nor_checking_reads_the_keyspace(self):
        session = self.new_session(uid=2)
        before = self.redis.info("commandstats")
        self.store.get_missing_session_identifiers([session.sid[:42]])
        self.store.delete_from_identifiers([session.sid[:42]])
        after = self.redis.info("commandstats")
        for command in ("cmdstat_keys", "cmdstat_scan"):
            # other clients of the server may scan as well
            self.assertLessEqual(
                after.get(command, {}).get("calls", 0) - before.get(command, {}).get("calls", 0), 0
            )

    def test_missing_identifiers_are_those_without_a_session(self):
        present = {self.new_session(uid=2).sid[:42] for _number in range(3)}
        missing = {self.store.generate_key()[:42] for _number in range(3)}
        found = self.store.get_missing_session_identifiers(itertools.chain(present, missing))
        self.assertEqual(found, missing)

    def test_hundred_thousand_identifiers_are_checked_at_once(self):
        asked = {f"{number:042d}" for number in range(100_000)}
        self.assertEqual(self.store.get_missing_session_identifiers(asked), asked)

    def test_anything_but_an_identifier_deletes_nothing(self):
        session = self.new_session(uid=2)
        self.store.delete_from_identifiers(["", "*", session.sid[:41] + "*", session.sid])
        self.assertTrue(self.store.get(session.sid))
        with self.assertRaises(ValueError):
            self.store.delete_from_identifiers(session.sid[:42])

    def test_identifier_lives_as_long_as_its_sessions(self):
        session = self.new_session(uid=2)
        index = f"session:{self.prefix}:{session.sid[:42]}"
        self.assertGreaterEqual(self.redis.ttl(index), http.SESSION_LIFETIME)
        session["deletion_time"] = time.time() + 30
        self.store.save(session)
        self.assertGreaterEqual(self.redis.ttl(index), http.SESSION_LIFETIME)

    def test_session_whose_index_is_lost_has_ended(self):
        # as by an eviction: it could not be revoked any more
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        self.redis.delete(f"session:{self.prefix}:{session.sid[:42]}")
        self.assertFalse(self.store.get(session.sid))
        late["changed"] = True
        self.store.save(late)
        self.assertFalse(self.store.get(session.sid))

    def test_revocation_that_finds_no_session_says_so_and_lasts(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        self.redis.delete(f"session:{self.prefix}:{session.sid[:42]}")
        # the name INFO is another level in Odoo
        with self.assertLogs(STORE_LOG, logging.INFO) as logs:
            self.store.delete_from_identifiers([session.sid[:42]])
        self.assertEqual(len(logs.output), 1)
        late["changed"] = True
        for store in (self.store, self.new_store()):
            store.save(late)
            self.assertFalse(store.get(session.sid))

    def test_anonymous_session_needs_no_index(self):
        self.new_session()
        self.assertEqual(len(list(self.redis.scan_iter(f"session:{self.prefix}:*"))), 1)
