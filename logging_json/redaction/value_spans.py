r"""How far the value after the name of a secret reaches.

A quoted value ends at its quote, one in brackets at the closing bracket. A bare password may
contain any character, so it ends where a text has structure again: at the end of the line, before
the next ``name=``, or at a quote or bracket that was opened before it. A bare token has no white
space in it.

Each function reads a text once from the value on, and all text that it reads is hidden.
"""

import re
from typing import NamedTuple

from .sensitive_names import Kind, is_number

Span = tuple[int, int]

HIDDEN = "***"

# values that are states of a secret instead of a secret
_STATES = (
    r"none|null|nil|true|false|yes|no|unset|undefined|empty|missing|required|optional|needed|unknown"
    r"|invalid|valid|wrong|incorrect|bad|weak|strong|expired|changed|updated|reset|set|revoked"
    r"|refreshed|rotated|created|deleted|removed|denied|granted|failed|refused|rejected|accepted"
    r"|enabled|disabled|hidden|redacted|masked|ok|str|bytes|int|bool|any|object|string|text"
)
# words of sentences: "ODOO_X_PASSWORD: it ends with white space"
_FUNCTION_WORDS = (
    r"a|an|the|it|its|this|that|these|is|are|was|were|be|been|has|have|had|must|should|shall|can"
    r"|cannot|could|may|might|will|would|do|does|did|not|no|only|please|at|in|of|for|from|with"
    r"|without|to|if|when|because|and|or|but|there|which|whose|you|your|we|use|takes|needs|expects"
    r"|field|input|value|unable|extra|too|white"
)
_STATE = re.compile(rf"(?:{_STATES})(?![\w$@#%^*+=/~-])", re.IGNORECASE)
# "password=None for" is Python's, "password=valid horse" is not known to be a state
_LITERAL_STATE = re.compile(
    rf"(?:none|null|nil|true|false|(?:{_STATES})(?=[,;&)\]}}\r\n]|$))(?![\w$@#%^*+=/~-])",
    re.IGNORECASE,
)
_PROSE = re.compile(
    rf"(?:(?:[a-z]{{1,20}}|[0-9]{{1,3}})\ ){{0,3}}(?:{_FUNCTION_WORDS})\ "
    r"[a-z_']{1,60}(?![\w=])",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[a-z]{1,20}\ [a-z]{1,20}(?![\w=:])")
_NUMBER = re.compile(r"-?[0-9][0-9_.]{0,20}[kKmM]?(?![\w$@#%^*+=/~-])")
_EMPTY = re.compile(
    r"<(?:not set|unset|none|null|empty|hidden|redacted|masked|secret|password|token"
    r"|[\w.]{1,60} object at 0x[0-9a-f]{1,20})>|\*\*\*",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"[^\s=;\"'{\[]{1,200}=")

_QUOTED = re.compile(r"[bBfFrRuU]{0,2}(?P<quote>\"|'|`)")
_ESCAPED = re.compile(r"(?P<quote>\\+[\"']|&quot;|&#3[49];|%22|%27)")
_CALL = re.compile(r"[A-Za-z_][\w.]{0,60}(?=\((?:[bru]{0,2}[\"']|[\[{(]|\*\*\*))")
_OPEN = {"(": ")", "[": "]", "{": "}"}
_BRACKETS = re.compile(r"\\.|[\"'()\[\]{}\n]", re.DOTALL)

# possible ends of a bare value
_ENDS = re.compile(r"[\r\n]|\\+[nrt\"'](?=[^\w]|[A-Z]|$)|&quot;|[\"'`)\]}>(\[{]|[\s&,;|?]")
_NEXT_NAME = re.compile(
    r"[\s&,;|?]{1,3}[\"']?[A-Za-z_][\w.\[\]%-]{0,60}[\"']?(?:=(?!=)|\s?=>|:\s|%3D)"
)
# a quote or a bracket that closes a text which was opened before the value
_STRUCTURE = re.compile(
    r"(?:[\"'`][)\]}>]{0,5}|[)\]}>]{1,5})(?:[,:;.]?(?:\s|$)|[,:][\"'{\[]|\\+[nr])"
)
_CLOSING = {")": "(", "]": "[", "}": "{"}


class Name(NamedTuple):
    """A name in a text, and where it begins."""

    name: str
    kind: Kind | None
    begin: int


def span_of_value(text: str, name: Name, begin: int, separator: str) -> Span | None:
    """Return the place of the secret after a name and a separator, None if it is not a secret.

    :param begin: the beginning of the value, or of white space before it
    """
    at = _skip_blanks(text, begin)
    if at == len(text):
        return None
    if quoted := _QUOTED.match(text, at):
        return _until_quote(text, quoted.end(), quoted["quote"])
    if escaped := _ESCAPED.match(text, at):
        return _until(text, escaped.end(), escaped["quote"])
    call = _CALL.match(text, at)
    if call:
        at = call.end()
    if text[at] in _OPEN:
        return _inside_brackets(text, at)
    is_sentence = separator == ":" and text[at - 1] == " "
    if _is_harmless(text, at, name, is_sentence):
        return None
    return _bare(text, at, name.kind)


def _skip_blanks(text: str, at: int) -> int:
    end = at
    while end < len(text) and text[end] in " \t":
        end += 1
    if text[end : end + 1] in ("\r", "\n"):
        # of a name at the end of a line, a value in quotes or brackets alone is the next line's
        further = end
        while further < len(text) and text[further].isspace():
            further += 1
        if text[further : further + 1] in tuple("\"'[{("):
            return further
        return len(text)
    return end


def _until_quote(text: str, at: int, quote: str) -> Span | None:
    """Return the span up to the closing quote: not an escaped, a doubled or one within a word."""
    end = text.find(quote, at)
    while end >= 0:
        following = text[end + 1 : end + 2]
        slashes = end - at - len(text[at:end].rstrip("\\")) if text[end - 1] == "\\" else 0
        if slashes % 2:
            end = text.find(quote, end + 1)
        elif following == quote:
            end = text.find(quote, end + 2)
        elif following.isalnum():
            end = text.find(quote, end + 1)
        else:
            break
    return _hidden_span(text, at, len(text) if end < 0 else end)


def _until(text: str, at: int, quote: str) -> Span | None:
    end = text.find(quote, at)
    return _hidden_span(text, at, len(text) if end < 0 else end)


def _hidden_span(text: str, begin: int, end: int) -> Span | None:
    if begin == end or text.startswith(HIDDEN, begin):
        return None
    return begin, end


def _inside_brackets(text: str, at: int) -> Span | None:
    """Return the content of brackets, which may be nested; quotes hide brackets."""
    open_ones: list[str] = []
    quote = ""
    end = len(text)
    for mark in _BRACKETS.finditer(text, at):
        character = mark[0]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in _OPEN:
            open_ones.append(_OPEN[character])
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
            if not open_ones:
                end = mark.start()
                break
    return _hidden_span(text, at + 1, end)


def _is_harmless(text: str, at: int, name: Name, is_sentence: bool) -> bool:
    if _EMPTY.match(text, at) or (_STATE if is_sentence else _LITERAL_STATE).match(text, at):
        return True
    if _NUMBER.match(text, at):
        if is_number(name.name):
            return True
        # of tests: "pass: 12, fail: 0"
        if name.name.lower() == "pass" and "fail" in text[at : at + 40].lower():
            return True
    if name.kind is Kind.COOKIE:
        return not _COOKIE.match(text, at)
    return is_sentence and bool(
        _PROSE.match(text, at) or (name.kind is not Kind.PASSWORD and _WORDS.match(text, at))
    )


def _bare(text: str, at: int, kind: Kind | None) -> Span | None:
    """Return the span of a value without quotes."""
    open_ones: list[str] = []
    end = len(text)
    for mark in _ENDS.finditer(text, at):
        character = mark[0]
        if _ends(text, mark, open_ones, kind):
            end = mark.start()
            break
        if character in "([{":
            open_ones.append(character)
        elif character in "\"'`":
            if open_ones and open_ones[-1] == character:
                open_ones.pop()
            elif text[mark.start() - 1] in "= ":
                open_ones.append(character)
        elif open_ones and open_ones[-1] == _CLOSING.get(character):
            open_ones.pop()
    return _hidden_span(text, at, end)


def _ends(text: str, mark: re.Match[str], open_ones: list[str], kind: Kind | None) -> bool:
    character = mark[0]
    if character in "\r\n" or len(character) > 1:
        return True
    if character in "([{":
        return False
    if character in "\"'`":
        return character not in open_ones and bool(_STRUCTURE.match(text, mark.start()))
    if character in ")]}>":
        is_own = _CLOSING.get(character) in open_ones
        return not is_own and bool(_STRUCTURE.match(text, mark.start()))
    # a separator of values
    if kind is Kind.TOKEN:
        return character.isspace() or bool(_NEXT_NAME.match(text, mark.start()))
    return kind is Kind.PASSWORD and bool(_NEXT_NAME.match(text, mark.start()))
