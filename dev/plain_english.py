"""The word list of the project's English, and a search for it in Markdown, YAML and Python.

Readers are engineers for whom English is often a foreign language. Each rule names an idiom that
they have to puzzle over, and the wording to use instead. Code, quoted text, link targets and names
are exempt. A line that needs such a word has the comment ``plain-english: allow``.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARKER = "plain-english: allow"


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
RULES = (
    _rule(r"\bwhat (is|was|are|were|has|had|the|it|they|you|each|any|no)\b", "name the thing"),
    _rule(SENTENCE + r"(who|whoever|what|how(?! to))\b", "start with the subject"),
    _rule(SENTENCE + r"have (?!to\b)\w+", "use the verb: call, register, store, …"),
    _rule(r"\b(say|says|tell|tells) whether\b", "write: return True if"),
    _rule(r"\b(told|tells)\b", "notify, report, log, describe"),
    _rule(r"\b(nobody|somebody|anybody|everybody|whoever|whatever)\b", "name the actor or thing"),
    _rule(r"(?<!there )\b(is|are|was|were) (no|none)\b", "is not a, has no, without"),
    _rule(r"\b(has|have|had|there (is|are)) none\b", "has no, there is no, with the noun"),
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
    """Yield the numbered lines of the docstrings and comments of a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            for number, line in enumerate(text.splitlines()[first - 1 : last], first):
                yield number, line.strip().removeprefix('"""').removesuffix('"""')
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


PROSE = {".md": _markdown, ".yml": _yaml, ".yaml": _yaml, ".py": _python, ".dot": _yaml}
