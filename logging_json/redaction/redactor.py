r"""Takes secrets out of texts: passwords, keys, tokens, session ids, signatures.

A plain search looks for words in names of secrets, and for the beginnings of known tokens. Only
after a match, regular expressions examine the text that follows. Known forms::

    password=x   password: x   "password": "x"   \"password\": \"x\"   --password x
    ('password', 'x')   ["password", "x"]   ('password', '=', 'x')
    {'name': 'password', 'value': 'x'}   the password is 'x'   password for admin: x
    <password>x</password>   <name>password</name><value><string>x</string></value>
    SET password = 'x'   INSERT INTO t (password) VALUES ('x')   Failing row contains (x)
    Authorization: Basic x     Cookie: session_id=x; y=z              (to the end of the line)
    https://user:x@host        ?access_token=x&X-Amz-Signature=x      Bearer x
    JSON Web Tokens, AWS' key ids, tokens of GitHub and others, hashes of passwords

A session id is known by its length as well, wherever it is; its first characters stay.

Caveat: a secret without one of these forms is not found.
"""

import re

from .keyword_detector import named_secrets
from .pattern_detector import FORMS
from .value_spans import HIDDEN, Span

# core's http.py: base64 of 63 bytes; as many characters of one may be logged
SESSION_ID_LENGTH = 84
SESSION_ID_SHOWN = 8
_SESSION_ID = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{84}(?![\w-])", re.ASCII)

# words of names of secrets: wherever one is found, the whole name is looked at
NAME_WORDS = (
    *("pass", "pw", "secret", "token", "key", "sig", "sid", "sess", "cred", "authorization"),
    *("cookie", "otp", "pin", "jwt", "srf", "code"),
)
# each form has one of these behind the name; only few texts have no such character
_SEPARATING = re.compile(r"[=:,%<'\"]|--")
_ASCII_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def redact(text: str) -> str:
    """Return a text without its secrets."""
    lower = text.lower()
    if len(lower) != len(text):
        # a letter of another alphabet has grown: positions would not fit
        lower = text.translate(_ASCII_LOWER)
    spans: list[Span] = []
    if _SEPARATING.search(text):
        for word in NAME_WORDS:
            if word in lower:
                spans += named_secrets(word, text, lower)
    for word, find in FORMS:
        if word in lower:
            spans += find(word, text, lower)
    if spans:
        text = _hidden(text, spans)
    return hide_session_ids(text) if len(text) >= SESSION_ID_LENGTH else text


def hide_session_ids(text: str) -> str:
    """Return a text in which session ids are cut to their first characters."""
    # splitting is far cheaper than the expression, and few words are that long
    if max(map(len, text.split()), default=0) < SESSION_ID_LENGTH:
        return text
    return _SESSION_ID.sub(lambda found: found[0][:SESSION_ID_SHOWN] + HIDDEN, text)


def _hidden(text: str, spans: list[Span]) -> str:
    parts = []
    end = 0
    for begin, stop in sorted(spans):
        if begin >= end:
            parts += [text[end:begin], HIDDEN]
        end = max(end, stop)
    return "".join([*parts, text[end:]])
