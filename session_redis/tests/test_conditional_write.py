"""Commands that depend on conditions: by a script, and for a user who may not run scripts."""

from concurrent.futures import ThreadPoolExecutor

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.services import service

from ..redis_io.conditional_write import FORGET, FREE, LISTED, OTHER, SAME, SlotBatch, write_if
from .common import RedisCase


class ConditionsCase(RedisCase):
    # Odoo 18.0 and later run inherited tests only where this says so
    allow_inherited_tests_method = True

    def key(self, name):
        return f"session:{self.prefix}:{name}"

    # pylint: disable-next=method-required-super
    def write(self, *commands, need=()):
        batch = SlotBatch()
        for condition in need:
            batch.require(*condition)
        for command in commands:
            batch.add(*command)
        return write_if(self.redis, batch)

    def test_nothing_is_written_unless_all_conditions_hold(self):
        text, index, absent = self.key("text"), self.key("index"), self.key("absent")
        self.redis.set(text, b"a\xff")
        self.redis.hset(index, "x", "")
        holds = (
            *((FREE, absent), (FREE, index), (SAME, text, b"a\xff"), (OTHER, text, b"b")),
            *((OTHER, absent, b"b"), (OTHER, index, b"b"), (LISTED, index, "x")),
        )
        fails = (
            *((FREE, text), (SAME, text, b"a"), (SAME, absent, b""), (SAME, index, b"")),
            *((OTHER, text, b"a\xff"), (LISTED, index, "y"), (LISTED, absent, "x")),
        )
        target = self.key("target")
        for condition in holds:
            self.assertIsNone(self.write(("SET", target, "1"), need=[condition]).refused)
            self.assertEqual(self.redis.getdel(target), b"1", condition)
        for condition in fails:
            for need in ([condition], [*holds, condition], [condition, *holds]):
                outcome = self.write(("SET", target, "1"), ("DEL", text), need=need)
                self.assertEqual(outcome.refused, (*condition, "")[:3])
                self.assertFalse(self.redis.exists(target), condition)
        self.assertTrue(self.redis.exists(text))

    def test_forget_deletes_what_an_index_lists_and_nothing_else(self):
        index, old = self.key("index"), f"session::{self.prefix}:index"
        listed = [f"{start}{rest}" for start in (index, old) for rest in ("-a", "-b")]
        for key in (*listed, f"{index}-c"):
            self.redis.set(key, "x")
        self.redis.hset(index, mapping={"-a": "", "-b": ""})
        self.assertEqual(self.write((FORGET, index, old)).forgotten, 2)
        self.assertEqual(self.redis.exists(*listed, index), 0)
        self.assertTrue(self.redis.exists(f"{index}-c"))
        self.assertEqual(self.write((FORGET, index, "")).forgotten, 0)

    def test_of_racing_writes_none_is_lost(self):
        counter = self.key("counter")
        self.redis.set(counter, 0)

        def increase(_number):
            outcome = True
            while outcome:
                value = self.redis.get(counter)
                need = [(SAME, counter, value)]
                outcome = self.write(("SET", counter, int(value) + 1), need=need).refused

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(increase, range(100)))
        self.assertEqual(self.redis.get(counter), b"100")


@tagged("-at_install", "post_install")
class TestByScript(ConditionsCase, BaseCase):
    def test_script_that_the_server_has_forgotten_is_sent_again(self):
        self.redis.script_flush()
        for _number in range(2):
            self.assertIsNone(self.write(("SET", self.key("x"), "1")).refused)
        self.assertEqual(self.redis.get(self.key("x")), b"1")


@tagged("-at_install", "post_install")
class TestWithoutScripts(ConditionsCase, BaseCase):
    """A user of Redis' ACL with the rights that releases up to 3.0.0 needed."""

    @property
    def variables(self):
        acl = service("redis_acl")
        values = {name: acl[name] for name in ("host", "port")}
        return {**values, "username": "odoo", "password": acl["users"]["odoo"]}

    def new_prefix(self):
        return f"{service('redis_acl')['prefix']}:{super().new_prefix()}"
