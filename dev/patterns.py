"""The regular expressions of Python files, as ``dev/patterns.cjs`` checks them.

Prints a JSON list: for each expression the file and line, and its source in JavaScript's
dialect, or ``source: null`` where it is not made of constants.

Constant are literals, names that the module assigns a literal to, f-strings and sums of
these. A value that is put into an f-string by ``re.escape`` or by a call counts as one letter.
An expression that is only used with ``match`` or ``fullmatch`` begins at one position, which
makes many expressions linear that would be quadratic in a search.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = frozenset(
    {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
)
ANCHORED = frozenset({"match", "fullmatch"})
FLAGS = {"I": "i", "IGNORECASE": "i", "S": "s", "DOTALL": "s", "M": "m", "MULTILINE": "m"}
VERBOSE = frozenset({"X", "VERBOSE"})
# the replacement for an inserted value
INSERTED = "x"


class Module:
    """The constants of a Python file and how its compiled expressions are used."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._constants: dict[str, ast.expr] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._constants[node.targets[0].id] = node.value

    def expressions(self) -> Iterator[tuple[int, str | None, str]]:
        """Yield the line, the source and the flags of each regular expression."""
        for node in ast.walk(self._tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=method), args=[first, *_]
                ) if method in FUNCTIONS:
                    yield node.lineno, *self._expression(node, method, first)

    def _expression(self, call: ast.Call, method: str, first: ast.expr) -> tuple[str | None, str]:
        source = self.text(first)
        flags = {name.attr for name in ast.walk(call) if isinstance(name, ast.Attribute)}
        if source is not None:
            source = in_javascript(source, verbose=bool(flags & VERBOSE))
            methods = self._methods(call, method)
            if methods <= ANCHORED:
                end = "$" if "fullmatch" in methods else ""
                source = f"^(?:{source}){end}"
        return source, "".join(sorted({FLAGS[flag] for flag in flags & FLAGS.keys()}))

    def text(self, node: ast.expr) -> str | None:
        """Return the text of a constant expression, None if it is not constant."""
        match node:
            case ast.Constant(value=str() | bytes() as value):
                return value if isinstance(value, str) else value.decode("latin-1")
            case ast.Constant(value=int() as number):
                return str(number)
            case ast.Name(id=name) if name in self._constants:
                return self.text(self._constants[name])
            case ast.JoinedStr(values=values):
                return self._sum(values)
            case ast.FormattedValue(value=value):
                return self.text(value) or INSERTED
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum([left, right])
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="escape")):
                return INSERTED
        return None

    def _sum(self, nodes: list[ast.expr]) -> str | None:
        parts = [self.text(node) for node in nodes]
        return None if None in parts else "".join(map(str, parts))

    def _methods(self, call: ast.Call, method: str) -> set[str]:
        """Return the methods that an expression is used with."""
        if method != "compile":
            return {method}
        names = {name for name, value in self._constants.items() if value is call}
        uses = {
            node.attr
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in names
        }
        return uses or {"search"}


def in_javascript(source: str, verbose: bool) -> str:
    """Return a Python expression in the dialect of JavaScript."""
    if verbose:
        source = re.sub(r"\\#|#[^\n]*|\\ |\s", lambda f: f[0] if f[0][0] == "\\" else "", source)
    for python, javascript in (("(?P<", "(?<"), (r"\Z", "$"), (r"\A", "^")):
        source = source.replace(python, javascript)
    return re.sub(r"\(\?P=(\w{1,40})\)", r"\\k<\1>", source)


def main(paths: list[str]) -> None:
    found = [
        {"path": path, "line": line, "source": source, "flags": flags}
        for path in paths
        for line, source, flags in Module(ast.parse(Path(path).read_bytes())).expressions()
    ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
