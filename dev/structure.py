"""Measures of the code's structure: sizes, complexity, docstrings, and imports between modules.

Tests, manifests and an ``__init__.py`` that only imports are not modules. A package that exports
the names of its parts is a node of the import graph. "Late" imports are in a function or below
``TYPE_CHECKING``. Idioms are the findings of ``plain_english``.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

from .plain_english import findings

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE_LINES = 300
FUNCTION_LINES = 20  # the 90th percentile of a package
# entries at the top level of the addons that have sub-packages
TOP_ENTRIES = {"base_attachment_object_storage": 12, "session_redis": 15}
SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.IfExp, ast.ExceptHandler, ast.Assert)
NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


@dataclass(frozen=True)
class Import:
    """An import of another module of the same package, or of a name in a module."""

    name: str
    is_late: bool
    module: str | None = None  # which has the name, unless the name is a module


class Module:
    """A Python file below a package's folder."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        parts = path.relative_to(folder).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.text = path.read_text()
        self.tree = ast.parse(self.text)

    @cached_property
    def is_face(self) -> bool:
        """True for an ``__init__.py`` with nothing but imports, a docstring and ``__all__``."""
        names = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
        return self.is_package and all(isinstance(node, names) for node in self.tree.body)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def code_lines(self) -> int:
        """The number of lines with code: without blank lines, comments and docstrings."""
        documented = (ast.Module, ast.ClassDef, *FUNCTIONS)
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, documented)]
        docstrings = {node.body[0].lineno for node in nodes if ast.get_docstring(node)}
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in NOT_CODE and token.start[0] not in docstrings:
                lines.update(range(token.start[0], token.end[0] + 1))
        return len(lines)

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)]

    @cached_property
    def public(self) -> list[Function | ast.ClassDef]:
        """Public functions, methods and classes that are not inside a function."""
        return list(_public(self.tree))

    def imports(self, base: str) -> Iterator[Import]:
        """Yield the imports of modules of the package, which is also ``odoo.addons.<base>``."""
        for node, is_late in _imports(self.tree, is_late=False):
            prefix = self._absolute(node, base) if isinstance(node, ast.ImportFrom) else None
            for alias in node.names:
                name = f"{prefix}.{alias.name}" if prefix is not None else alias.name
                found = re.match(rf"(?:odoo\.addons\.)?{base}(?:\.(.*))?$", name)
                if found:
                    inner = found[1] or ""
                    yield Import(inner, is_late, inner.rpartition(".")[0] if prefix else None)

    def _absolute(self, node: ast.ImportFrom, base: str) -> str:
        if not node.level:
            return node.module or ""
        here = [base, *filter(None, self.name.split("."))]
        up = node.level - self.is_package
        return ".".join([*here[: len(here) - up], *filter(None, [node.module])])


def _public(node: ast.AST) -> Iterator[Function | ast.ClassDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _imports(
    node: ast.AST, *, is_late: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, is_late
        guarded = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(child, is_late=is_late or guarded or isinstance(child, FUNCTIONS))


def length(function: Function) -> int:
    """Return the lines of a function, docstring included."""
    return (function.end_lineno or 0) - function.lineno + 1


def complexity(function: Function) -> int:
    """Return McCabe's complexity, boolean operators included.

    Functions inside the function count for themselves.
    """
    return 1 + sum(map(_branches, function.body))


def _branches(node: ast.AST) -> int:
    if isinstance(node, SCOPES):
        return 0
    own = int(isinstance(node, BRANCHES))
    if isinstance(node, ast.BoolOp):
        own = len(node.values) - 1
    if isinstance(node, ast.comprehension):
        own = 1 + len(node.ifs)
    if isinstance(node, ast.match_case):
        own = int(not isinstance(node.pattern, ast.MatchAs) or bool(node.pattern.pattern))
    return own + sum(map(_branches, ast.iter_child_nodes(node)))


class Package:
    """A folder of modules, measured as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = [path for path in sorted(folder.rglob("*.py")) if _is_module(path, folder)]
        files = [Module(path, folder) for path in paths]
        self.modules = [module for module in files if not module.is_face or _is_node(module)]

    @property
    def entries(self) -> int:
        """The number of modules and of folders with modules at the top level."""
        tops = {module.name.split(".")[0] for module in self.modules if module.name}
        return len(tops)

    def graph(self, *, with_late: bool) -> dict[str, set[str]]:
        """Return for each module the modules that it imports."""
        names = {module.name for module in self.modules}
        graph = {}
        for module in self.modules:
            used = module.imports(self.folder.name)
            targets = {
                one.name if one.name in names else one.module
                for one in used
                if with_late or not one.is_late
            }
            graph[module.name] = {name for name in names if name in targets} - {module.name, ""}
        return graph

    def cycle(self, *, with_late: bool) -> list[str]:
        """Return the modules of an import cycle, or an empty list."""
        try:
            TopologicalSorter(self.graph(with_late=with_late)).prepare()
        except CycleError as error:
            return list(error.args[1])
        return []

    def violations(self) -> Iterator[str]:
        """Yield each place where the package exceeds a ceiling of the structure."""
        name = self.folder.name
        if cycle := self.cycle(with_late=True):
            yield f"{name}: import cycle: {' -> '.join(cycle)}"
        if self.entries > TOP_ENTRIES.get(name, self.entries):
            yield f"{name}: {self.entries} top-level entries, at most {TOP_ENTRIES[name]}"
        measured = [module for module in self.modules if not module.is_face]
        lengths = [length(function) for module in measured for function in module.functions]
        if (p90 := percentile(lengths, 0.9)) > FUNCTION_LINES:
            yield f"{name}: 90 % of the functions have up to {p90} lines, not {FUNCTION_LINES}"
        for module in measured:
            if module.lines > MODULE_LINES:
                yield f"{module.path}: {module.lines} lines, at most {MODULE_LINES}"
            for node in [module.tree, *module.public]:
                if ast.get_docstring(node) is None:
                    yield f"{module.path}:{getattr(node, 'lineno', 1)}: no docstring"
            yield from map(str, findings(module.path))


def _is_module(path: Path, folder: Path) -> bool:
    excluded = {"tests", "addons", "typing", "migrations", "static"}
    inside = path.relative_to(folder)
    return path.name != "__manifest__.py" and not excluded & set(inside.parts)


def _is_node(module: Module) -> bool:
    """Return True for a face that exports names: its users import it, not its parts."""
    return module.name not in ("", "models", "controllers", "cli")


def percentile(values: Iterable[int], share: float) -> int:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)] if ordered else 0


def percentage(nodes: Iterable[Module | Function | ast.ClassDef]) -> str:
    """Return the share of the modules, functions or classes that have a docstring."""
    trees = [node.tree if isinstance(node, Module) else node for node in nodes]
    documented = [tree for tree in trees if ast.get_docstring(tree)]
    return f"{100 * len(documented) / len(trees):.0f}" if trees else ""


def row(name: str, packages: list[Package]) -> dict[str, str]:
    """Return the measures of one or several packages, as texts."""
    modules = [module for package in packages for module in package.modules]
    measured = [module for module in modules if not module.is_face]
    functions = [function for module in measured for function in module.functions]
    public = [node for module in measured for node in module.public]
    lines, lengths = [m.lines for m in measured], list(map(length, functions))
    idioms = [finding for module in measured for finding in findings(module.path)]
    edges = [len(to) for package in packages for to in package.graph(with_late=False).values()]
    return {
        "package": name,
        "modules": str(len(measured)),
        "code lines": str(sum(m.code_lines for m in measured)),
        "module median": f"{median(lines or [0]):.0f}",
        "p90": str(percentile(lines, 0.9)),
        "longest module": str(max(lines, default=0)),
        "function median": f"{median(lengths or [0]):.0f}",
        "function p90": str(percentile(lengths, 0.9)),
        "longest function": str(max(lengths, default=0)),
        "complexity": str(max(map(complexity, functions), default=0)),
        "module docs %": percentage(measured),
        "function docs %": percentage(n for n in public if isinstance(n, FUNCTIONS)),
        "class docs %": percentage(n for n in public if isinstance(n, ast.ClassDef)),
        "top entries": "" if len(packages) > 1 else str(packages[0].entries),
        "imports": str(sum(edges)),
        "cycles": str(sum(bool(package.cycle(with_late=False)) for package in packages)),
        "with late": str(sum(bool(package.cycle(with_late=True)) for package in packages)),
        "idioms": str(len(idioms)),
    }
