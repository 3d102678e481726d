import json
import logging
import re
from pathlib import Path

from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase, tagged

from ..redaction import redactor
from ..redaction.pattern_detector import FORMS
from ..redaction.redactor import NAME_WORDS, redact
from ..redaction.sensitive_names import is_sensitive
from ..redaction.value_spans import HIDDEN
from ..schemas import SCHEMAS
from .common import Lines

CORPUS = Path(__file__).parent / "corpus"

SECRET = "hunTer2+x"
SESSION_ID = "aB3_-Zz" * 12

# nothing of SECRET may be left; "kept" has to be
TEXTS = r"""password=SECRET kept=1
PASSWORD = SECRET
passwd: SECRET; kept=1
db_pwd=SECRET,kept=1
smtp_pass='SECRET' kept
{'login': 'demo', 'password': 'SECRET', 'name': 'kept'}
{"password": "SECRET", "name": "kept"}
{"password": "two \" SECRET", "name": "kept"}
{\"password\": \"a SECRET\", \"name\": \"kept\"}
{'password': b'SECRET'} kept
headers=[('Authorization', 'Basic SECRET'), ('X-Auth-Token', 'SECRET'), ('Host', 'kept')]
kept Authorization: Bearer SECRET with more
kept Proxy-Authorization: Digest username="SECRET"
Cookie: other=1; session_id=SECRET
Set-Cookie: session_id=SECRET; Path=/
X-API-Key: SECRET
X-Openerp-Session-Id: SECRET
api_key="SECRET" kept
apikey=SECRET
access_key: SECRET
private-key=SECRET
AWS_secret_ACCESS_KEY=SECRET kept
GET /web/content/1?access_token=SECRET&b=kept HTTP/1.1
GET /web/reset_password?db=kept&token=SECRET HTTP/1.1
https://kept/key?X-Amz-Credential=SECRET&X-Amz-Signature=SECRET&X-Amz-Security-Token=SECRET
https://kept/key?AWSAccessKeyId=SECRET&Signature=SECRET&Expires=1
https://swift/v1/AUTH_x/c/o?temp_url_sig=SECRET&temp_url_expires=kept
redirect=%2Fkept%3Ftoken%3DSECRET
/kept%3Ftoken%3DSECRET
Bearer SECRET
redis://:SECRET@localhost:6379/kept
postgresql://odoo:SECRET@db/kept
curl -H Bearer SECRET kept
OpenSession(sid='SECRET', kept)
-----BEGIN RSA PRIVATE KEY----- SECRET -----END RSA PRIVATE KEY----- kept""".splitlines()

# parts of secrets and of their names
WORDS = [*NAME_WORDS, "password", "api_key", *(word for word, _find in FORMS)]
PARTS = [*WORDS, *WORDS, SECRET, "%3D", "=>", "x/", "--", *"=: ,-_'\"()<>[]{}\\\n\t&;"]


def corpus(name):
    """Return the lines of a file of the corpus."""
    lines = (CORPUS / name).read_text().splitlines()
    return [line.replace("⏎", "\n") for line in lines if line and not line.startswith("#")]


HIDDEN_LINES = [
    (re.sub("[«»]", "", line), re.findall(r"\w{3,}", " ".join(re.findall("«([^»]*)»", line))))
    for line in corpus("hidden.txt")
]
KEPT_LINES = corpus("kept.txt")

HARMLESS = [
    "Job 'Mail: Email Queue Manager' (3) starting",
    "KeyError: 'name'",
    "monkey=1, turkey: 2, key=value",
    "Wrong password for user admin",
    "password=None, token: null, secret=False",
    "inside=1 residency: 2",
    "2026-11-24T18:45:03 https://example.com:8069/web?kept=1 user@example.com",
    "Session expired: log in again",
    "checksum da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "x" * 83 + " " + "y" * 85,
]


@tagged("-at_install", "post_install")
class TestCorpus(BaseCase):
    """Each line of the corpus in every schema, wherever a record can have it."""

    def written(self, **record):
        """Yield each schema with the line that it makes of a record."""
        for schema in SCHEMAS:
            lines = Lines(schema)
            lines.logger.handle(logging.makeLogRecord({"levelno": logging.INFO, **record}))
            yield schema, json.dumps(lines.one, ensure_ascii=False)

    def places(self, line):
        """Return records that have a line."""
        error = ValueError(line)
        yield {"msg": line}
        yield {"msg": "said %s", "args": (line,)}
        yield {"msg": "hello", "about": line}
        yield {"msg": "hello", "about": {"deeper": [line]}}
        yield {"msg": "hello", "exc_info": (ValueError, error, None)}
        yield {"msg": {"about": line}}

    def test_the_corpus_is_large_enough(self):
        self.assertGreaterEqual(len(HIDDEN_LINES), 80)
        self.assertGreaterEqual(len(KEPT_LINES), 80)
        self.assertEqual([line for line, secrets in HIDDEN_LINES if not secrets], [])

    def test_secrets_are_hidden_in_every_schema(self):
        for line, secrets in HIDDEN_LINES:
            for record in self.places(line):
                for schema, written in self.written(**record):
                    with self.subTest(line=line, schema=schema, record=sorted(record)):
                        self.assertEqual([part for part in secrets if part in written], [])

    def test_lines_without_a_secret_stay_in_every_schema(self):
        for line in KEPT_LINES:
            for record in self.places(line):
                for schema, written in self.written(**record):
                    with self.subTest(line=line, schema=schema, record=sorted(record)):
                        self.assertIn(json.dumps(line, ensure_ascii=False)[1:-1], written)

    def test_hiding_again_changes_nothing(self):
        for line, _secrets in HIDDEN_LINES:
            once = redact(line)
            self.assertEqual(redact(once), once)

    def test_a_secret_in_a_list_of_arguments_is_hidden(self):
        for schema in SCHEMAS:
            for value in (
                ("Authorization", SECRET),
                [("Host", "kept"), ["X-Api-Key", SECRET]],
                [["access_token", "=", SECRET]],
                [{"name": "password", "value": SECRET}],
                {"headers": {"Cookie": SECRET}},
                [(b"authorization", SECRET.encode())],
            ):
                lines = Lines(schema)
                lines.logger.info("hello", extra={"about": value})
                self.assertNotIn("hunTer2", lines.text, value)

    def test_numbers_that_only_count_stay(self):
        lines = Lines()
        lines.logger.info("hello", extra={"usage": {"max_tokens": 512, "tokens": 7, "pin": 7}})
        self.assertEqual(lines.one["usage"], {"max_tokens": 512, "tokens": 7, "pin": HIDDEN})


@tagged("-at_install", "post_install")
class TestRedaction(BaseCase):
    def test_what_a_name_tells_is_hidden_and_the_rest_kept(self):
        for text in TEXTS:
            with self.subTest(text=text):
                redacted = redact(text.replace("SECRET", SECRET))
                self.assertNotIn("hunTer2", redacted)
                self.assertEqual("kept" in redacted, "kept" in text, redacted)

    def test_names_are_known_whatever_their_case_and_alphabet(self):
        self.assertEqual(redact("İPassWord=x"), f"İPassWord={HIDDEN}")

    def test_what_is_no_secret_stays(self):
        for text in HARMLESS:
            with self.subTest(text=text):
                self.assertEqual(redact(text), text)

    def test_redacting_again_changes_nothing(self):
        for text in TEXTS:
            once = redact(text.replace("SECRET", SECRET))
            self.assertEqual(redact(once), once)

    def test_a_session_id_keeps_its_first_characters_only(self):
        for text in ("Session %s is gone", "session:prefix:%s", "%s", "('%s',)", "a\n/%s/b"):
            hidden = text % (SESSION_ID[:8] + HIDDEN)
            self.assertEqual(redact(text % SESSION_ID), hidden)

    def test_names_of_fields_are_told_apart(self):
        for name in ("password", "New_Password", "api_key", "session_id", "sid", "Cookie"):
            self.assertTrue(is_sensitive(name), name)
        for name in ("name", "key", "bypass", "session", "inside", "author"):
            self.assertFalse(is_sensitive(name), name)

    @settings(max_examples=2000, deadline=None, database=None)
    @given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
    def test_what_is_not_looked_at_has_no_secret(self, text):
        separating = redactor._SEPARATING
        shortened = redact(text)
        redactor._SEPARATING = re.compile("")
        try:
            self.assertEqual(shortened, redact(text))
        finally:
            redactor._SEPARATING = separating

    @settings(max_examples=2000, deadline=None, database=None)
    @given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
    def test_any_text_can_be_redacted_and_has_no_less_afterwards(self, text):
        redact(text)

    @settings(max_examples=500, deadline=None, database=None)
    @given(
        before=st.text(max_size=30).filter(lambda text: not text.endswith(("\\", '"', "'"))),
        name=st.sampled_from(["password", "access_token", "Secret", "API_KEY"]),
        separator=st.sampled_from(["=", ": ", " = "]),
        quote=st.sampled_from(["", "'", '"']),
        after=st.text(max_size=30),
    )
    def test_a_secret_is_hidden_between_any_texts(self, before, name, separator, quote, after):
        text = f"{before} {name}{separator}{quote}hunTer2{quote} {after}"
        self.assertNotIn("hunTer2", redact(text))
