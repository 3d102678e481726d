r"""Takes secrets out of texts: passwords, keys, tokens, session ids, signatures.

How: a secret is told by the name before it. Names are looked for by plain search for the words
in ``RULES``; only where one stands, an expression looks at what follows. These forms are known::

    password=x   password: x   "password": "x"   \"password\": \"x\"   ('password', 'x')
    Authorization: Basic x     Cookie: session_id=x; y=z              (to the end of the line)
    https://user:x@host        ?access_token=x&X-Amz-Signature=x      Bearer x

A session id is told by its length as well, wherever it stands; its first characters stay.

Caveat: a secret that no name tells ("the password is x") is not found.
"""

import functools
import re
from collections.abc import Iterator

HIDDEN = "***"

# core's http.py: base64 of 63 bytes; as many characters of one may be logged
SESSION_ID_LENGTH = 84
SESSION_ID_SHOWN = 8
_SESSION_ID = re.compile(rf"(?<![\w-])[A-Za-z0-9_-]{{{SESSION_ID_LENGTH}}}(?![\w-])", re.ASCII)

# the rest of the name, whatever quotes it, and what separates it from the value
_SEPARATOR = (
    r"""[\w-]{0,40}(?:[\\"']{0,6}\s{0,3}(?:=>|=|:|%3D)\s{0,3}|["']\s?,\s?(?=["'][^"']*["']\)))"""
)
_KEPT = r"""(?!(?:None|null|True|False|true|false)\b|\*\*\*)"""
_VALUE = rf"""{_KEPT}(?:
    b?"(?P<double>(?:[^"\\]|\\.)+)
  | b?'(?P<single>(?:[^'\\]|\\.)+)
  | (?P<quote>\\+["'])(?P<escaped>(?:(?!(?P=quote)).)+)
  | (?P<bare>[^\s"'&;,<>()\[\]{{}}\\]+)
)"""
_LINE = r"""(?:(?P<quote>["'])(?P<quoted>(?:(?!(?P=quote))[^\r\n])+)|(?P<line>[^\s"'][^\r\n]*))"""


def _rule(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE | re.DOTALL | re.VERBOSE)


def _after(word: str) -> re.Pattern[str]:
    return _rule(rf"{word}{_SEPARATOR}{_VALUE}")


_PRECEDED = (
    "(?:"
    + "|".join(
        f"(?<={word}{between})"
        for word in ("api", "access", "private")
        for between in ("", "[_-]")
    )
    + ")"
)

# the word to look for -> what has to stand there; "value" groups are what is hidden
RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("passw", _after("passw")),
    ("passphrase", _after("passphrase")),
    ("_pass", _after("_pass")),
    ("pwd", _after("pwd")),
    ("secret", _after("secret")),
    ("token", _after("token")),
    ("key", _after(_PRECEDED + "key")),
    ("signature", _after("signature")),
    ("_sig", _after("_sig")),
    ("sid", _after(r"(?<![a-z])sid(?![\w-])")),
    ("session", _after(r"session[_-]?id")),
    ("credential", _after("credential")),
    ("authorization", _rule(rf"authorization{_SEPARATOR}{_LINE}")),
    ("cookie", _rule(rf"cookie{_SEPARATOR}{_LINE}")),
    ("bearer ", _rule(r"bearer\s(?P<token>[\w.~+/=-]{8,})")),
    ("://", _rule(r"://[^/\s:@\"']{0,100}:(?P<password>[^\s/@\"']{1,200})@")),
    ("-----begin", _rule(r"-----begin\ [\w\ ]{0,20}private\ key-----(?P<key>.+?)(?:-----end|\Z)")),
)

_SENSITIVE = re.compile(
    r"passw|passphrase|(^|_)(pass|pwd|sid)$|secret|token|signature|credential|authorization"
    r"|cookie|session[_-]?id|(api|access|private)[_-]?key",
    re.IGNORECASE,
)


# each of the rules has one of these between name and value: no path has, and many words neither
_SEPARATING = re.compile(r"[=:,%\s]")


def redact(text: str) -> str:
    """Return a text without its secrets."""
    if _SEPARATING.search(text):
        text = _without_named(text)
    return hide_session_ids(text) if len(text) >= SESSION_ID_LENGTH else text


def _without_named(text: str) -> str:
    lower = text.lower()
    if len(lower) != len(text):
        # a letter of another alphabet has grown: positions would not fit
        lower = text.translate(_ASCII_LOWER)
    for word, rule in RULES:
        if word in lower:
            spans = list(_spans(word, rule, text, lower))
            if spans:
                text = _hidden(text, spans)
                lower = _hidden(lower, spans)
    return text


@functools.lru_cache(maxsize=1000)
def is_sensitive(name: str) -> bool:
    """Say whether a field of this name holds a secret."""
    return bool(_SENSITIVE.search(name))


def hide_session_ids(text: str) -> str:
    """Return a text in which session ids are cut to their first characters."""
    # splitting is far cheaper than the expression, and few words are that long
    if max(map(len, text.split()), default=0) < SESSION_ID_LENGTH:
        return text
    return _SESSION_ID.sub(lambda found: found[0][:SESSION_ID_SHOWN] + HIDDEN, text)


_ASCII_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _spans(word: str, rule: re.Pattern[str], text: str, lower: str) -> Iterator[tuple[int, int]]:
    """Yield where secrets stand, in their order."""
    at = lower.find(word)
    while at >= 0:
        found = rule.match(text, at)
        if found and found.lastindex:
            yield _span(found)
        at = lower.find(word, found.end() if found else at + len(word))


def _span(found: re.Match[str]) -> tuple[int, int]:
    # "quote" is a group as well, the one of its value comes after it
    spans = [found.span(name) for name in found.re.groupindex if name != "quote"]
    return max(spans)


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    parts = []
    end = 0
    for begin, stop in spans:
        parts += [text[end:begin], HIDDEN]
        end = stop
    return "".join([*parts, text[end:]])
