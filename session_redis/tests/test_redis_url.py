"""The accepted URLs of a Redis; an error about a URL shows no part of it."""

import string
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings, strategies as st

from odoo.tests import BaseCase, tagged

from ..redis_io.redis_url import INSTEAD, OPTIONS, parse_url
from ..settings import RedisSettings

EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)
# in each place where a person may forget to write it as %XX
SPECIAL = ":/?#[]@!$&'()*+,;=%\\\" \t\n\x7f\u00e9\u20ac\U0001f511"
PASSWORDS = st.text(string.ascii_letters + string.digits + SPECIAL, min_size=1, max_size=40)
# of no sentence about a mistake
MARK = "Zq7xJ2wv"


@tagged("-at_install", "post_install")
class TestRedisURL(BaseCase):
    def mistake(self, url):
        with self.assertRaises(ValueError) as caught:
            parse_url(url)
        return str(caught.exception)

    def test_all_parts(self):
        url = parse_url("rediss://us%2Fer:p%40ss@[::1]:6380/3?max_connections=20")
        self.assertEqual((url.scheme, url.username, url.password), ("rediss", "us/er", "p@ss"))
        self.assertEqual((url.host, url.port, url.db), ("::1", 6380, 3))
        self.assertEqual(url.max_connections, 20)
        url = parse_url("unix://:secret@/run/redis.sock?db=2")
        self.assertEqual((url.path, url.password, url.db), ("/run/redis.sock", "secret", 2))
        self.assertEqual(parse_url("redis://")[1:5], (None, None, "localhost", 6379))

    def test_no_option_of_redis_py_but_these_is_taken(self):
        # its own list, and what its connections take besides
        from redis.connection import URL_QUERY_ARGUMENT_PARSERS

        for name in {*URL_QUERY_ARGUMENT_PARSERS, *INSTEAD, "credential_provider", "cache"}:
            if name not in OPTIONS:
                for value in ("none", "1", "true", ""):
                    self.mistake(f"rediss://host?{name}={value}")

    def test_known_option_is_named_with_what_to_do(self):
        self.assertIn("always verified", self.mistake("rediss://h?ssl_cert_reqs=none"))
        self.assertIn("decode_responses: remove it", self.mistake("redis://h?decode_responses=1"))
        self.assertIn("_READ_TIMEOUT", self.mistake("redis://h?socket_timeout=100"))

    def test_values_are_typed_and_each_option_is_there_once(self):
        for query in (
            *("db=x", "db=-1", "db=", "db", "db=1.5", "db=0x1", "db=\u0661", "db=9999999999"),
            *("max_connections=0", "max_connections=1e3", "health_check_interval=inf"),
            *("db=1&db=2", "db=1&Db=2", "unknown=1"),
        ):
            self.mistake(f"redis://host?{query}")
        for url in ("redis://host/x", "redis://host/1/2", "redis://host/1?db=1"):
            self.mistake(url)
        for url in ("unix://run/redis.sock", "unix://", "unix:///", "http://h", "redis:h", ""):
            self.mistake(url)
        for place in ("h:0", "h:65536", "h:x", "a b", "[::1", "::1", "a:1:2", "@h", "h\n"):
            self.mistake(f"redis://{place}")

    @EXAMPLES
    @given(PASSWORDS)
    def test_password_that_is_written_as_it_should_be_is_understood(self, password):
        url = parse_url(f"redis://user:{quote(password, safe='')}@host:1/2")
        self.assertEqual(url[1:5], ("user", password, "host", 1))

    @EXAMPLES
    @given(
        PASSWORDS,
        PASSWORDS,
        st.sampled_from(
            (
                "redis://user:{}@host:6379/0",
                "rediss://{}@host",
                "redis://:{}@host/0?db=1",
                "redis://{}",
                "redis://host/{}",
                "redis://host:{}",
                "redis://host?{}",
                "redis://host?db={}",
                "redis://host#{}",
                "unix://{}",
                "unix://:{}@",
                "unix:{}",
                "{}",
                "redis://[{}]:1",
                "redis://host?ssl_cert_reqs={}",
            )
        ),
    )
    @example("a", "b@c", "redis://user:{}@host:6379/0")
    @example("a?", "", "redis://user:{}@host:6379/0")
    @example("a/", "", "redis://user:{}@host:6379/0")
    @example("[", "]", "redis://user:{}@host:6379/0")
    def test_no_mistake_shows_a_part_of_the_url(self, before, after, form):
        url = form.format(f"{before}{MARK}{after}")
        try:
            RedisSettings(ODOO_SESSION_REDIS="1", ODOO_SESSION_REDIS_URL=url)
        except ValueError as error:
            self.assertNotIn(MARK, str(error))
            self.assertIn("ODOO_SESSION_REDIS_URL\n", str(error))
