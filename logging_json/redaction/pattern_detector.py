"""Secrets that are recognized by their own form or their place, without a name."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator

from .sensitive_names import is_sensitive
from .value_spans import HIDDEN, Span

Find = Callable[[str, str, str], Iterable[Span]]

# schemes whose port is followed by a path that may have an @ in it
_WEB = ("http", "https", "ws", "wss")

_BEARER = re.compile(r"bearer[ \t]{1,3}(?P<secret>[\w.~+/=-]{8,})", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z.-]{1,19}")
_BASIC = re.compile(r"basic[ \t]{1,3}(?P<secret>[A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)
_PRIVATE_KEY = re.compile(
    r"-----begin [\w ]{0,20}private key-----(?P<secret>.+?)(?:-----end|$(?!\n))",
    re.IGNORECASE | re.DOTALL,
)
_WEB_TOKEN = re.compile(r"(?<![\w-])(?P<secret>eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]{0,2000}){0,3})")
_AMAZON = re.compile(r"(?P<secret>A[KS]IA[A-Z0-9]{12,})")
_GOOGLE = re.compile(r"(?P<secret>AIza[\w-]{20,})")
_GITLAB = re.compile(r"(?P<secret>glpat-[\w-]{16,})")
_SLACK = re.compile(r"(?P<secret>xox[a-z]-[\w-]{8,})")
_KNOWN = (
    ("ghp_", re.compile(r"(?P<secret>ghp_\w{16,})")),
    ("gho_", re.compile(r"(?P<secret>gho_\w{16,})")),
    ("ghs_", re.compile(r"(?P<secret>ghs_\w{16,})")),
    ("github_pat_", re.compile(r"(?P<secret>github_pat_\w+)")),
    ("sk_live_", re.compile(r"(?P<secret>sk_live_\w{8,})")),
)
_HASHED = re.compile(
    r"(?P<secret>\$(?:pbkdf2[\w-]{0,20}|argon2\w{0,4}|2[abxy]?|[1567y]|scrypt)\$[\w./+$=,-]{12,})"
)
_CODE = re.compile(r"[?&]code(?:=|%3D)(?P<secret>[\w.~%+/-]{10,})", re.IGNORECASE)
_ROW = re.compile(r"failing row contains \((?P<secret>[^\r\n]{1,})", re.IGNORECASE)
_PARAMETER = re.compile(r"value[\\\"]{0,3}\s?=\s?\\?'(?P<secret>[^']{1,})", re.IGNORECASE)

_METHODS = ("execute", "login", "authenticate")
# db, uid or login, password: what Odoo's RPC takes by position
_CALLED = re.compile(
    r"args\\{0,4}[\"']\s{0,3}:\s{0,3}[\[(]\s{0,3}\\{0,4}[\"'][^\"'\\]{0,100}\\{0,4}[\"']\s{0,3},\s{0,3}"
    r"(?:[0-9]{1,9}|\\{0,4}[\"'][^\"'\\]{0,100}\\{0,4}[\"'])\s{0,3},\s{0,3}\\{0,4}[\"']"
    r"(?P<secret>[^\"'\\]{1,})"
)

_AUTHORITY_END = re.compile(r"[/?#\s<>]|[\"'](?=[,:}\])\s;]|$)|\\[nrt\"']|$")
_URL_END = re.compile(r"[\s<>]|[\"'](?=[,:}\])\s;]|$)|\\[nrt\"']|$")
_PORT = re.compile(r"[0-9]{1,5}$")

_STATEMENT = re.compile(r"\b(?:insert\s{1,3}into\s|update\s{1,3}[\w.\"]{1,80}\s{1,3}set\s)", re.I)
_IDENTIFIER = re.compile(r"(?<![\w.])[A-Za-z_][\w.]{2,60}")
_VALUES = re.compile(r"values\s{0,3}(?P<secret>\([^\r\n]{1,})", re.IGNORECASE)


def _matches(expression: re.Pattern[str]) -> Find:
    """Return what finds the secret of an expression at each place of a word."""

    def find(word: str, text: str, lower: str) -> Iterator[Span]:
        at = lower.find(word)
        while at >= 0:
            found = expression.match(text, at)
            if found and not found["secret"].startswith(HIDDEN):
                yield found.span("secret")
            at = lower.find(word, found.end() if found else at + len(word))

    return find


def _bearer(word: str, text: str, lower: str) -> Iterator[Span]:
    """Yield what follows the scheme unless it is a word of a sentence."""
    for begin, end in _matches(_BEARER)(word, text, lower):
        if not _WORD.fullmatch(text, begin, end):
            yield begin, end


def _basic(word: str, text: str, lower: str) -> Iterator[Span]:
    """Yield what decodes to a user with a password."""
    for begin, end in _matches(_BASIC)(word, text, lower):
        encoded = text[begin:end].rstrip("=")
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars="-_")
        except (binascii.Error, ValueError):
            continue
        if b":" in decoded:
            yield begin, end


def _user_information(word: str, text: str, lower: str) -> Iterator[Span]:
    """Yield the passwords of URLs; a password may contain any character but white space."""
    at = lower.find(word)
    while at >= 0:
        begin = at + len(word)
        following = lower.find(word, begin)
        end = _URL_END.search(text, begin, *([following] if following >= 0 else [])).end()  # type: ignore[union-attr]
        span = _password_of_url(text, at, begin, end)
        if span and not text.startswith(HIDDEN, span[0]):
            yield span
        at = following


def _password_of_url(text: str, at: int, begin: int, end: int) -> Span | None:
    authority = _AUTHORITY_END.search(text, begin, end)
    authority_end = authority.start() if authority else end
    at_sign = text.rfind("@", begin, end)
    if at_sign < 0:
        return None
    colon = text.find(":", begin, at_sign)
    if text.rfind("@", begin, authority_end) < 0 and not _is_password(
        text, at, begin, authority_end
    ):
        return None
    if colon < 0:
        # a token in place of the user
        user = text[begin:at_sign]
        return (begin, at_sign) if len(user) >= 16 and not user.isalpha() else None
    return (colon + 1, at_sign) if colon + 1 < at_sign else None


def _is_password(text: str, at: int, begin: int, authority_end: int) -> bool:
    """Return True if what follows the first colon of a URL is not a port but a password."""
    host, colon, port = text[begin:authority_end].partition(":")
    if not colon or host.startswith("["):
        return False
    if not host or not _PORT.fullmatch(port):
        return bool(port) or not host
    scheme = text[max(at - 20, 0) : at].lower()
    return not scheme.endswith(_WEB)


def _values(word: str, text: str, lower: str) -> Iterator[Span]:
    """Yield the values of statements that name a secret's column."""
    if not _STATEMENT.search(text):
        return
    if any(is_sensitive(name[0]) for name in _IDENTIFIER.finditer(text)):
        yield from _matches(_VALUES)(word, text, lower)


def _parameter(_word: str, text: str, lower: str) -> Iterable[Span]:
    """Return the values of system parameters, any of which may be a secret."""
    return _matches(_PARAMETER)("value", text, lower) if _STATEMENT.search(text) else ()


def _called(word: str, text: str, lower: str) -> Iterator[Span]:
    if any(method in lower for method in _METHODS):
        yield from _matches(_CALLED)(word, text, lower)


def _with(forms: tuple[tuple[str, Find], ...]) -> Find:
    """Return what looks for forms that have one character in common, which few texts have."""

    def find(_character: str, text: str, lower: str) -> list[Span]:
        spans: list[Span] = []
        for word, find_form in forms:
            if word in lower:
                spans += find_form(word, text, lower)
        return spans

    return find


_FORMS_WITH: dict[str, tuple[tuple[str, Find], ...]] = {
    "_": (
        *((word, _matches(expression)) for word, expression in _KNOWN),
        ("ir_config_parameter", _parameter),
    ),
    "-": (
        ("-----begin", _matches(_PRIVATE_KEY)),
        ("glpat-", _matches(_GITLAB)),
        ("xox", _matches(_SLACK)),
    ),
    "$": tuple((word, _matches(_HASHED)) for word in ("$pbkdf2", "$argon2", "$2", "$6$", "$5$")),
    '"': (("args", _called), ("failing row", _matches(_ROW)), ("values", _values)),
    "'": (("args", _called), ("values", _values)),
    "code=": (("?code=", _matches(_CODE)), ("&code=", _matches(_CODE))),
}

# a text to look for, in lower case, and what finds the secrets there
FORMS: tuple[tuple[str, Find], ...] = (
    ("bearer", _bearer),
    ("basic", _basic),
    ("://", _user_information),
    ("eyj", _matches(_WEB_TOKEN)),
    ("akia", _matches(_AMAZON)),
    ("asia", _matches(_AMAZON)),
    ("aiza", _matches(_GOOGLE)),
    *((character, _with(forms)) for character, forms in _FORMS_WITH.items()),
)
