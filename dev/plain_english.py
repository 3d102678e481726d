"""The word list of the project's English, and a search for it in documents and code.

Readers are engineers for whom English is often a foreign language. Each rule names an idiom that
they have to puzzle over, and the wording to use instead. Python is searched in docstrings,
comments and messages, XML in the texts that users read. Code, quoted text, link targets and names
are exempt. A line that needs such a word has the comment ``plain-english: allow``.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

MARKER = "plain-english: allow"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Rule:
    """A regular expression that finds an idiom, and the advice to the author."""

    pattern: re.Pattern[str]
    advice: str


def _rule(pattern: str, advice: str) -> Rule:
    """Return a rule whose blanks match line ends as well."""
    return Rule(re.compile(pattern.replace(" ", r"\s"), re.IGNORECASE), advice)


SENTENCE = r"(?:^|(?<=[.!?] )|(?<=\| ))(?:[-*] |\d\. |#+ )?"
# a line that begins a list item, a heading or a row of a table
START = re.compile(r"[-*] |\d+\. |#+ |\|")
ARTICLE = r"(?:(?:an?|the|its|any|no|only|both) )?"
ACCEPTED = (
    r"(?:addresses|arguments?|bucket|container|files?|hosts?|keys?|list|location|names?|nothing|"
    r"numbers?|objects?|options?|parameters?|paths?|project|strings?|text|URLs?|values?|writes)"
)
RULES = (
    _rule(r"\bwhat (is|was|are|were|has|had|the|it|they|you|each|any|no)\b", "name the thing"),
    _rule(SENTENCE + r"(who|whoever|what|where|how(?! to))\b", "start with the subject, or: if"),
    _rule(SENTENCE + r"whether\b", "write: true if, return True if"),
    _rule(SENTENCE + r"have (?!to\b)\w+", "use the verb: call, register, store, …"),
    _rule(r"\b(say|says|tell|tells) whether\b", "write: return True if"),
    _rule(rf"\btakes? {ARTICLE}{ACCEPTED}\b", "accepts, expects, must be"),
    _rule(r"\btakes? (it|them|(an?|any|the) (\w+ )?\w+) for\b", "treats … as"),
    _rule(r"\bneeds not\b", "need not, does not need to"),
    _rule(r"\b(told|tells)\b", "notify, report, log, describe"),
    _rule(r"\b(nobody|somebody|anybody|everybody|whoever|whatever)\b", "name the actor or thing"),
    # None is a value of Python
    _rule(
        r"(?<!there )\b(is|are|was|were) (no(?! longer| more)|(?-i:none))\b", "is not a, has no"
    ),
    _rule(r"\b(has|have|had|there (is|are)) (?-i:none)\b", "has no, there is no, with the noun"),
    _rule(r"\bof (its|their|your|our) own\b", "its own X, or: separate"),
    _rule(r"\bby (itself|themselves)\b", "automatically, alone"),
    _rule(r", as (an?|by|in|with|on|from|those|that)\b", "for example, such as, like"),
    _rule(r"\b(that|those) of\b", "repeat the noun"),
    _rule(r"\b(lies?|lay|stands?|stood)\b(?! for)", "is in, is stored in"),
    _rule(r"\bin vain\b", "unnecessarily"),
    _rule(r"\bso long\b", "as long as, at most"),
    _rule(r"\bmeanwhile\b", "in between, during this time"),
    _rule(r"\banyhow\b", "anyway"),
    _rule(r"\bfor good\b", "permanently"),
    _rule(r"\bagain and again\b", "repeatedly"),
    _rule(r"\bthe ones? (that|who|whose|of|which)\b", "repeat the noun"),
    _rule(r"^#+ .*\?$", "a heading is a statement"),
)


@dataclass(frozen=True)
class Finding:
    """A place where a rule is broken."""

    path: Path
    line: int
    words: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words!r}: {self.advice}"


def findings(path: Path) -> Iterator[Finding]:
    """Yield the places of a file that break a rule, in order."""
    text = path.read_text()
    lines = text.splitlines()
    for first, paragraph in paragraphs(PROSE[path.suffix](text)):
        plain = without_quotes(paragraph)
        for match, advice in _matches(plain):
            line = first + plain.count("\n", 0, match.start())
            if MARKER not in lines[line - 1]:
                yield Finding(path, line, " ".join(match[0].split()), advice)


def _matches(text: str) -> list[tuple[re.Match[str], str]]:
    found = [(match, rule.advice) for rule in RULES for match in rule.pattern.finditer(text)]
    return sorted(found, key=lambda match_and_advice: match_and_advice[0].start())


def paragraphs(numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, text) for each paragraph, list item or row of a table."""
    first, gathered = 0, list[str]()
    for number, line in numbered:
        if gathered and (number != first + len(gathered) or not line or START.match(line)):
            yield first, "\n".join(gathered)
            gathered = []
        if line:
            first = first if gathered else number
            gathered.append(line)
    if gathered:
        yield first, "\n".join(gathered)


def without_quotes(prose: str) -> str:
    """Return a text with a placeholder for each piece of code, quotation and link target."""
    for exempt in (r"``.+?``|`[^`]*`", r"“[^”]*”|\"[^\"]*\"", r"\]\([^)]*\)|https?://\S+"):
        prose = re.sub(exempt, lambda found: "X" + "\n" * found[0].count("\n"), prose)
    return prose


def _markdown(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a Markdown text that are not code, quoted or generated."""
    is_code = is_generated = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("[//]: #"):
            is_generated = not is_generated
        elif line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and not is_generated and not line.startswith(">"):
            yield number, line.strip()


def _yaml(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a YAML text, comments without their sign."""
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.strip().lstrip("# ")


def _python(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of the docstrings, comments and messages of a module."""
    tree = ast.parse(text)
    docstrings = set[ast.AST]()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            statement = node.body[0]
            docstrings.update(ast.walk(statement))
            first, last = statement.lineno, statement.end_lineno or 0
            for number, line in enumerate(text.splitlines()[first - 1 : last], first):
                yield number, line.strip().removeprefix('"""').removesuffix('"""')
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in docstrings and _is_message(node.value):
            # a number for each message: a message is not part of the paragraph before it
            yield node.lineno, " ".join(node.value.split())
            yield 0, ""


def _is_message(value: object) -> TypeGuard[str]:
    """Return True for a line with several words that is not SQL, a pattern or a template."""
    return (
        isinstance(value, str)
        and "\n" not in value.strip()
        and len(re.findall(r"[^\W\d_]{2,} ", value)) >= 3
        and not re.search(
            r"\b(SELECT|UPDATE|INSERT|DELETE|FROM|WHERE|CREATE|ALTER)\b|[\\]|<\w", value
        )
    )


def _xml(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of the texts and of the attributes with texts in an XML file."""
    shown = re.sub(r"<!--.*?-->|<[^>]*>", _attributes, text, flags=re.DOTALL)
    for number, line in enumerate(shown.splitlines(), 1):
        yield number, line.strip()


def _attributes(tag: re.Match[str]) -> str:
    values = re.findall(r' (?:string|help|confirm|title|placeholder)="([^"]*)"', tag[0])
    return " ".join(values) + "\n" * tag[0].count("\n")


PROSE = {
    ".md": _markdown,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".py": _python,
    ".dot": _yaml,
    ".xml": _xml,
}
