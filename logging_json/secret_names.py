"""The names of secrets: what tells ``db_password`` and ``apiKey`` from ``max_tokens_limit``.

A name is split at ``_ - .`` and at capital letters. It is a secret's if one of its words is, unless
its last word says that the value is something about the secret: ``token_type``, ``password_policy``.
"""

import enum
import functools
import re

LONGEST = 120


class Kind(enum.Enum):
    """What the value of a name can be."""

    PASSWORD = enum.auto()  # any characters, spaces too
    TOKEN = enum.auto()  # no white space
    LINE = enum.auto()  # a header to the end of its line
    COOKIE = enum.auto()  # the same, if it has the form of cookies


_PASSWORD = (
    r"[^_]{0,40}(?:pass_?w(?:or)?d|pass_?phrase|pass_?code|passwort|secret|pwd)"
    r"|pass|pass_?key|pw|psw|pswd|(?:user|db|smtp|imap|ftp|ldap|login|admin|root)pass"
)
_TOKEN = (
    r"[^_]{0,40}(?:token|credential|signature|sess(?:ion)?_?id)"
    r"|(?:api|access|secret|private|encryption|signing|master|account|shared|auth|consumer|app"
    r"|session|deploy|storage|service|server|subscription|license|ssh|client|webhook|vapid)_?key"
    r"|[^_]{0,40}(?:api|access|secret|private)key"
    r"|(?:recovery|backup|verification|auth|authorization|access|security|confirmation|otp|device"
    r"|mfa|2fa)_?code"
    r"|sig|sid|otp|totp|pin|jwt|csrf|xsrf|creds|code_verifier"
)
_SECRET = re.compile(
    rf"(?:^|_)(?:(?P<line>[^_]{{0,40}}authorization)|(?P<cookie>[^_]{{0,40}}cookie2?)"
    rf"|(?P<token>{_TOKEN})|(?P<password>{_PASSWORD}))(?P<plural>s?)[0-9]{{0,3}}(?=_|$)"
)
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# last words of names whose value is no secret
ABOUT = frozenset(
    """age alg algorithm at attempts attrs budget bucket changed charset check checker class
    column columns complexity count counts created date days disabled domain enabled encoding
    endpoint error errors expiration expire expired expires expiry field fields file filename
    form format generator help history hours httponly in index invalid label len length lifetime
    limit manager max maximum maxlength message method min minimum minlength minutes missing mode model name names
    page parameter params path placeholder policies policy provider rate required reset retries
    rotation samesite schema scheme score seconds secure server service size state status strength
    template time title tries ttl type types updated uri url usage used user valid validator
    validity verified version view warning widget""".split()
)
# what is known by a number
NUMBERED = frozenset({"token", "tokens", "password", "passwords", "credential", "credentials"})
# first words of names of numbers
COUNTING = frozenset({"max", "min", "num", "n", "total", "avg", "count", "per"})


@functools.lru_cache(maxsize=4000)
def kind_of(name: str) -> Kind | None:
    """Return the kind of secret that a value with this name is, None for no secret."""
    words = _normalized(name)
    found = None
    for found in _SECRET.finditer(words):
        pass
    if found is None:
        return None
    last = words.rpartition("_")[2]
    if found.end() < len(words) and (last in ABOUT or _is_number_of(found, words)):
        return None
    if found["line"]:
        return Kind.LINE
    if found["cookie"]:
        return Kind.COOKIE
    # AWS_SECRET_ACCESS_KEY has a secret before its key
    return Kind.TOKEN if found["token"] else Kind.PASSWORD


def is_sensitive(name: str) -> bool:
    """Return True if a field of this name holds a secret."""
    return kind_of(name) is not None


@functools.lru_cache(maxsize=4000)
def is_number(name: str) -> bool:
    """Return True for names such as ``max_tokens``, whose number is how many there are."""
    words = _normalized(name)
    if words.partition("_")[0] in COUNTING:
        return True
    return any(found["plural"] and found.end() == len(words) for found in _SECRET.finditer(words))


def _is_number_of(found: re.Match[str], words: str) -> bool:
    return words[found.end() :] == "_id" and found[0].rpartition("_")[2] in NUMBERED


def _normalized(name: str) -> str:
    words = _CAPITAL.sub("_", name[-LONGEST:]).lower()
    for separator in "-. ":
        words = words.replace(separator, "_")
    return words
