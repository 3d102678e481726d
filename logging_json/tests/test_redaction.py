from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase, tagged

from ..redaction import HIDDEN, RULES, _without_named, hide_session_ids, is_sensitive, redact

SECRET = "hunTer2+x"
SESSION_ID = "aB3_-Zz" * 12

# nothing of SECRET may be left; "kept" has to be
TEXTS = r"""password=SECRET kept
PASSWORD = SECRET
passwd: SECRET; kept
db_pwd=SECRET,kept
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

# what secrets and their names are made of
WORDS = [word.strip() for word, _rule in RULES]
PARTS = [*WORDS, *WORDS, SECRET, "%3D", "=>", "x/", *"=: ,-_'\"()\n\t"]

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
        self.assertEqual(redact(text), hide_session_ids(_without_named(text)))

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
