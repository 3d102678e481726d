"""Secrets whose name is in the text, and the forms of text between a name and its value."""

import re
from collections.abc import Callable

from .sensitive_names import Kind, kind_of
from .value_spans import HIDDEN, Name, Span, span_of_value

_LONGEST_NAME = 60
_SECOND_WORDS = frozenset({"key", "keys", "code"})
_NAME_END = re.compile(r"[\w.-]{0,60}(?: [iI][dD](?![\w.-]))?")
# words that are whole names, or begin them: "inside" has no sid
_WHOLE = frozenset({"pin", "sig", "sid", "otp", "pw", "code"})

# each begins at the end of a name
_ASSIGNED = re.compile(
    r"(?:&quot;|&#3[49];|%22|%27|[\\\"'`]{0,8})(?:[\])]|%5D)?[ \t]{0,40}"
    r"(?P<separator>=>|:=|==?|:(?!:|//)|%3D|%3A)",
    re.IGNORECASE,
)
_PAIRED = re.compile(
    r"\\{0,4}[\"']\s?,\s{0,3}(?P<operator>[\"'](?:=|!=|in|like|ilike|=like|=ilike)[\"']\s?,\s{0,3})?"
    r"(?=[bru]?\\{0,4}[\"']|[\[(])"
)
_PAIR_END = re.compile(r"\\{0,4}[\"']\s?,?\s{0,3}[)\]]")
_VALUE_OF_NAME = re.compile(
    r"\\{0,4}[\"'](?:\s?,\s{0,3}\\{0,4}[\"']value\\{0,4}[\"']\s?:|\s{1,3}(?:content|value)=)",
    re.IGNORECASE,
)
_MEMBER = re.compile(r"\s{0,3}</name>\s{0,40}<value>\s{0,40}(?:<\w{1,20}>)?", re.IGNORECASE)
_ELEMENT = re.compile(
    r"[\"']?(?:\s{1,3}[\w:.-]{1,40}=(?:\"[^\"<>]{0,200}\"|'[^'<>]{0,200}')){0,10}"
    r">\s{0,40}(?:<!\[CDATA\[|<\w{1,20}>)?"
)
_OPTION = re.compile(r"(?<=[\w-])[ \t]{1,3}(?![-\s])(?=\S)")
# the texts after the white space of the forms that begin with it
_SPACE = re.compile(r"[ \t]{1,40}(?:[:=%'\\]|=>|(?:is|was|for|of)[ \t:]|[\w:.-]{1,40}=[\"'])")
_NOT_SPACE = re.compile(r"\S+")
_LITERAL = re.compile(r"\s{1,3}\\{0,4}'")
_STATED = re.compile(r"[ \t]{1,3}(?:is|was)(?::[ \t]|[ \t](?=[\"'`]))", re.IGNORECASE)
_OF_SOMEONE = re.compile(
    r"[ \t](?:for|of)[ \t][^:=\r\n]{1,60}(?P<separator>[:=])(?!//)", re.IGNORECASE
)
# "first pass: computing totals"
_ORDINAL = re.compile(
    r"(?:first|second|third|next|last|final|this|each|one|single|[0-9](?:st|nd|rd|th))[ -]$", re.I
)


def named_secrets(word: str, text: str, lower: str) -> list[Span]:
    """Return where the values of names with a word are."""
    spans = []
    at = lower.find(word)
    while at >= 0:
        end = at + len(word)
        span = _secret(word, at, text)
        if span and not text.startswith(HIDDEN, span[0]):
            spans.append(span)
            end = max(end, span[1])
        at = lower.find(word, end)
    return spans


def _secret(word: str, at: int, text: str) -> Span | None:
    """Return where the secret is whose name has a word at a place."""
    if word in _WHOLE and _is_inside_word(at, text):
        return None
    end = _NAME_END.match(text, at).end()  # type: ignore[union-attr]
    name: Name | None = None
    for pattern, value in _FORMS.get(text[end : end + 1], ()):
        form = pattern(text, end)
        if not form:
            continue
        name = name or _name(text, at, end)
        if name.kind is None:
            return None
        if span := value(text, name, form):
            return span
    return None


def _is_inside_word(at: int, text: str) -> bool:
    """Return True if lower case letters continue a word; %3Fsid and \\nsid do not."""
    is_continued = text[at - 1 : at].isalpha() and text[at].islower()
    return is_continued and text[at - 3 : at - 2] != "%" and text[at - 2 : at - 1] != "\\"


def _name(text: str, at: int, end: int) -> Name:
    """Return a name; of "API key" and "verification code" it has two words."""
    begin = _begin_of_name(text, at)
    name = text[begin:end].strip(".-")
    if text[begin - 1 : begin] == " " and name[:4].lower() in _SECOND_WORDS:
        name = text[_begin_of_name(text, begin - 1) : begin] + name
    elif name.lower() == "pass" and _ORDINAL.search(text, max(begin - 8, 0), begin):
        name = ""
    return Name(name, kind_of(name), begin)


def _begin_of_name(text: str, at: int) -> int:
    begin = at
    while begin > max(at - _LONGEST_NAME, 0) and (
        text[begin - 1].isalnum() or text[begin - 1] in "_.-"
    ):
        begin -= 1
    before = text[begin - 1 : begin]
    if before == "%":  # of %3Ftoken
        return min(begin + 2, at)
    if before == "\\" and text[begin] in "nrt":
        return min(begin + 1, at)
    return begin


def _assigned(text: str, name: Name, form: re.Match[str]) -> Span | None:
    return span_of_value(text, name, form.end(), form["separator"])


def _in_quotes(text: str, name: Name, form: re.Match[str]) -> Span | None:
    return span_of_value(text, name, form.end(), "=")


def _stated(text: str, name: Name, form: re.Match[str]) -> Span | None:
    return span_of_value(text, name, form.end(), ":")


def _paired(text: str, name: Name, form: re.Match[str]) -> Span | None:
    """Return the second of two texts in brackets, or of an option and its value."""
    before = text[max(name.begin - 8, 0) : name.begin].rstrip("\\\"'bru")
    is_option = text.startswith("--", name.begin)
    if not is_option and before[-1:] not in ("(", "["):
        return None
    span = span_of_value(text, name, form.end(), "=")
    is_alone = is_option or form["operator"] or (span and _PAIR_END.match(text, span[1]))
    return span if is_alone else None


def _member(text: str, _name: Name, form: re.Match[str]) -> Span | None:
    return _until(text, form.end(), "<")


def _element(text: str, name: Name, form: re.Match[str]) -> Span | None:
    opened = text.rfind("<", max(name.begin - 200, 0), name.begin)
    if opened < 0 or text.find(">", opened, name.begin) >= 0 or text[opened + 1] == "/":
        return None
    return _until(text, form.end(), "<")


def _option_form(text: str, end: int) -> re.Match[str] | None:
    is_option = text.rfind("--", max(end - _LONGEST_NAME, 0), end) >= 0
    return _OPTION.match(text, end) if is_option else None


def _option(text: str, name: Name, form: re.Match[str]) -> Span | None:
    if not text.startswith("--", name.begin):
        return None
    if text[form.end()] in "\"'":
        return span_of_value(text, name, form.end(), "=")
    return form.end(), _NOT_SPACE.match(text, form.end()).end()  # type: ignore[union-attr]


def _literal(text: str, name: Name, form: re.Match[str]) -> Span | None:
    """Return the literal in ``ALTER ROLE odoo PASSWORD 'x'``."""
    return _until(text, form.end(), "'") if name.kind is Kind.PASSWORD else None


def _until(text: str, begin: int, mark: str) -> Span | None:
    end = text.find(mark, begin)
    end = len(text) if end < 0 else end
    return (begin, end) if text[begin:end].strip() else None


def _spaced(text: str, name: Name, _form: re.Match[str]) -> Span | None:
    for pattern, value in _SPACED_FORMS:
        form = pattern(text, _form.start())
        if form and (span := value(text, name, form)):
            return span
    return None


_Form = tuple[Callable[[str, int], re.Match[str] | None], Callable[..., Span | None]]

# pairs: a match of the text between a name and its value, and the function for the value's end
_SPACED_FORMS: tuple[_Form, ...] = (
    (_ASSIGNED.match, _assigned),
    (_STATED.match, _stated),
    (_OF_SOMEONE.match, _assigned),
    (_LITERAL.match, _literal),
    (_ELEMENT.match, _element),
)
_ASSIGNMENT: tuple[_Form, ...] = ((_ASSIGNED.match, _assigned),)
_QUOTE: tuple[_Form, ...] = (
    *_ASSIGNMENT,
    (_VALUE_OF_NAME.match, _in_quotes),
    (_PAIRED.match, _paired),
    (_ELEMENT.match, _element),
)
# by the character after the name
_FORMS: dict[str, tuple[_Form, ...]] = {
    **dict.fromkeys("=:`&%)]", _ASSIGNMENT),
    **dict.fromkeys("\"'\\", _QUOTE),
    **dict.fromkeys(" \t", ((_SPACE.match, _spaced), (_option_form, _option))),
    "<": ((_MEMBER.match, _member),),
    ">": ((_ELEMENT.match, _element),),
}
