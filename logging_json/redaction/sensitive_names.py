"""The names of secrets: ``db_password`` and ``apiKey`` are secrets, ``max_tokens_limit`` is not.

A name is split at ``_ - .`` and at capital letters. It is the name of a secret if one of its words
is, unless its last word says that the value describes the secret: ``token_type``.
"""

import enum
import functools
import itertools
import re

LONGEST = 120


class Kind(enum.Enum):
    """The form of a secret's value."""

    PASSWORD = enum.auto()  # any characters, spaces too
    TOKEN = enum.auto()  # no white space
    LINE = enum.auto()  # a header to the end of its line
    COOKIE = enum.auto()  # the same, if it has the form of cookies


# words, of which two may be one: api_key is apikey
_PASSWORDS = frozenset(
    [
        "pass",
        "passkey",
        "pw",
        "psw",
        "pswd",
        "userpass",
        "dbpass",
        "smtppass",
        "imappass",
        "ftppass",
        "ldappass",
        "loginpass",
        "adminpass",
        "rootpass",
    ]
)
_TOKENS = frozenset(
    [
        "sig",
        "sid",
        "otp",
        "totp",
        "pin",
        "jwt",
        "csrf",
        "xsrf",
        "cred",
        "codeverifier",
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "encryptionkey",
        "signingkey",
        "masterkey",
        "accountkey",
        "sharedkey",
        "authkey",
        "consumerkey",
        "appkey",
        "sessionkey",
        "deploykey",
        "storagekey",
        "servicekey",
        "serverkey",
        "subscriptionkey",
        "licensekey",
        "sshkey",
        "clientkey",
        "webhookkey",
        "vapidkey",
        "recoverycode",
        "backupcode",
        "verificationcode",
        "authcode",
        "authorizationcode",
        "accesscode",
        "securitycode",
        "confirmationcode",
        "otpcode",
        "totpcode",
        "devicecode",
        "mfacode",
        "2facode",
    ]
)
_ENDS_OF_PASSWORDS = ("password", "passwd", "passwort", "passphrase", "passcode", "secret", "pwd")
_ENDS_OF_TOKENS = (
    *("token", "credential", "signature", "sessionid", "sessid"),
    *("apikey", "accesskey", "secretkey", "privatekey"),
)
_DIGITS = "0123456789"
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# last words of names whose value is not a secret
ABOUT = frozenset(
    [
        "age",
        "alg",
        "algorithm",
        "at",
        "attempts",
        "attrs",
        "budget",
        "bucket",
        "changed",
        "charset",
        "check",
        "checker",
        "class",
        "column",
        "columns",
        "complexity",
        "count",
        "counts",
        "created",
        "date",
        "days",
        "disabled",
        "domain",
        "enabled",
        "encoding",
        "endpoint",
        "error",
        "errors",
        "expiration",
        "expire",
        "expired",
        "expires",
        "expiry",
        "field",
        "fields",
        "file",
        "filename",
        "form",
        "format",
        "generator",
        "help",
        "history",
        "hours",
        "httponly",
        "in",
        "index",
        "invalid",
        "label",
        "len",
        "length",
        "lifetime",
        "limit",
        "manager",
        "max",
        "maximum",
        "maxlength",
        "message",
        "method",
        "min",
        "minimum",
        "minlength",
        "minutes",
        "missing",
        "mode",
        "model",
        "name",
        "names",
        "page",
        "parameter",
        "params",
        "path",
        "placeholder",
        "policies",
        "policy",
        "provider",
        "rate",
        "required",
        "reset",
        "retries",
        "rotation",
        "samesite",
        "schema",
        "scheme",
        "score",
        "seconds",
        "secure",
        "server",
        "service",
        "size",
        "state",
        "status",
        "strength",
        "template",
        "time",
        "title",
        "tries",
        "ttl",
        "type",
        "types",
        "updated",
        "uri",
        "url",
        "usage",
        "used",
        "user",
        "valid",
        "validator",
        "validity",
        "verified",
        "version",
        "view",
        "warning",
        "widget",
    ]
)
# words that are also used in names of numbers
_NUMBERED = ("token", "password", "credential")
# first words of names of numbers
COUNTING = frozenset({"max", "min", "num", "n", "total", "avg", "count", "per"})


@functools.lru_cache(maxsize=4000)
def kind_of(name: str) -> Kind | None:
    """Return the kind of secret that a value with this name is, None for no secret."""
    words = _words(name)
    kinds = _kinds(words)
    last = max((index for index, kind in enumerate(kinds) if kind), default=None)
    if last is None:
        return None
    if last < len(words) - 1:
        is_id = words[-1] == "id" and _singular(words[last]).endswith(_NUMBERED)
        if words[-1] in ABOUT or is_id:
            return None
    return kinds[last]


def is_sensitive(name: str) -> bool:
    """Return True if a field of this name holds a secret."""
    return kind_of(name) is not None


@functools.lru_cache(maxsize=4000)
def is_number(name: str) -> bool:
    """Return True for names such as ``max_tokens``, whose number is how many there are."""
    words = _words(name)
    return words[0] in COUNTING or _singular(words[-1]) != words[-1]


def _kinds(words: list[str]) -> list[Kind | None]:
    pairs = ["", *(first + second for first, second in itertools.pairwise(words))]
    return [
        _kind_of_word(pair) or _kind_of_word(word) for pair, word in zip(pairs, words, strict=True)
    ]


def _kind_of_word(word: str) -> Kind | None:
    word = word.rstrip(_DIGITS)
    if word in _PASSWORDS:
        return Kind.PASSWORD
    word = _singular(word)
    if word.endswith("authorization"):
        return Kind.LINE
    if word.endswith("cookie"):
        return Kind.COOKIE
    if word in _TOKENS or word.endswith(_ENDS_OF_TOKENS):
        return Kind.TOKEN
    if word in _PASSWORDS or word.endswith(_ENDS_OF_PASSWORDS):
        return Kind.PASSWORD
    return None


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and word not in _PASSWORDS else word


def _words(name: str) -> list[str]:
    words = _CAPITAL.sub("_", name[-LONGEST:]).lower()
    for separator in "-. ":
        words = words.replace(separator, "_")
    return [word for word in words.split("_") if word] or [""]
