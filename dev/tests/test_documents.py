"""Every Markdown file: its links lead somewhere, and its commands name what there is."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.documented import Document

from dev.manifests import manifests
from dev.settings import REPOSITORY
from dev.stack import Stack

FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)
# pages of the forge beside the files, for example the targets of the workflows' badges
FORGE = re.compile(r"^\.\./\.\./actions/workflows/(\w+\.yml)(/badge\.svg)?$")
PROGRAMS = ("dev/", ".ci/", "python3 dev/main.py")


def markdown_files() -> list[str]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
        + ["--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return sorted(name for name in listed if name and (REPOSITORY / name).is_file())


MARKDOWN = markdown_files()


def prose(path: Path) -> str:
    """Return a document without its blocks of code."""
    return FENCE.sub("", path.read_text())


def links(path: Path) -> list[str]:
    """Return the targets of a document's links, without those in code."""
    text = prose(path)
    found = LINK.findall(CODE.sub("`code`", text))
    return found + re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)


@cache
def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as forges make them."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


@pytest.mark.parametrize("name", MARKDOWN)
def test_links_and_anchors_lead_somewhere(name: str) -> None:
    path = REPOSITORY / name
    for target in links(path):
        if re.match(r"https?://|mailto:", target):
            continue
        if forge := FORGE.match(target):
            assert (REPOSITORY / ".github" / "workflows" / forge[1]).exists(), target
            continue
        file, _hash, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists() and to.is_relative_to(REPOSITORY), f"{name}: {target}"
        assert not anchor or anchor in anchors(to), f"{name}: {target}"


def test_what_is_broken_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A *fine* heading: `x`!\n[a](gone.md) `[b](code)`\n```\n[c](block)\n```\n")
    assert links(page) == ["gone.md"]
    assert anchors(page) == {"a-fine-heading-x"}


# --- commands


def command_lines(name: str) -> Iterator[str]:
    """Yield the commands of a document: its ``sh`` blocks that are not files, and its code."""
    document = Document.read(REPOSITORY / name)
    for block in document.blocks:
        if block.language == "sh" and not any("/" in file for file in block.files):
            yield from Document(f"```sh\n{block.text}```\n").commands
    for code in re.findall(r"`([^`\n]+)`", prose(REPOSITORY / name)):
        if code.startswith((*PROGRAMS, "odoo ", "cloud_platform ", "session_redis migrate")):
            yield code.replace("\\|", "|")


COMMANDS = sorted({(name, line) for name in MARKDOWN for line in command_lines(name)})


def words_of(line: str) -> list[str]:
    """Return the words of a command; also options in brackets and placeholders."""
    plain = re.sub(r"\s[|<>&].*$|[\[\]]", "", line)
    words = shlex.split(plain)
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        words = words[1:]
    return words


@cache
def own_commands() -> dict[str, tuple[set[str], set[str]]]:
    """Return the suite's commands of Odoo: their actions and options, as declared to argparse."""
    found = {}
    for path in REPOSITORY.glob("*/cli/*.py"):
        tree = ast.parse(path.read_text())
        strings = [
            {node.value for node in ast.walk(call) if isinstance(node, ast.Constant)}
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "add_argument"
        ]
        options = {text for group in strings for text in group if str(text).startswith("-")}
        # an action is a function of the module, or of a module of actions
        modules = [tree]
        if (actions_file := path.parent.parent / "commands" / "actions.py").is_file():
            modules = [ast.parse(actions_file.read_text())]
        bodies = [node for module in modules for node in module.body]
        actions = {node.name for node in bodies if isinstance(node, ast.FunctionDef)}
        found[path.stem] = (actions, options)
    return {name: known for name, known in found.items() if name != "__init__"}


@cache
def core_options(root: Path) -> str:
    sources = [root / "odoo" / "tools" / "config.py", *(root / "odoo" / "cli").glob("*.py")]
    return "\n".join(path.read_text() for path in sources)


def require_option(word: str, stack: Stack, own: set[str]) -> None:
    option = word.partition("=")[0]
    known = option in own or f"'{option}'" in core_options(stack.odoo.root)
    assert known or f'"{option}"' in core_options(stack.odoo.root), option


def require_odoo(words: list[str], stack: Stack) -> None:
    """Require a command of Odoo: of the suite, of core, or a server's options."""
    rest = [word for word in words if word not in ("…", "...") and not word.startswith("$")]
    names = [word for word in rest if word in own_commands()]
    actions, options = own_commands()[names[0]] if names else (set(), set())
    if names:
        after = rest[rest.index(names[0]) + 1 :]
        named = after[:1] if after != ["--help"] else []
        for action in named[0].split("|") if named else []:
            assert action in actions | {"ACTION", "…"}, action
    elif rest and not rest[0].startswith("-"):
        commands = {path.stem for path in (stack.odoo.root / "odoo" / "cli").glob("*.py")}
        assert rest[0] in commands, rest[0]
    for word in rest:
        if word.startswith("-"):
            require_option(word, stack, options)


def require_development(words: list[str]) -> None:
    """Require a development command, with an argument that it takes."""
    program, *arguments = words
    place = REPOSITORY / program.partition("::")[0]  # of a test: its file
    assert place.is_file() or (place.is_dir() and not arguments), program
    if program == "dev/test":
        known = {*manifests(), "end-to-end", "ADDON", "ADDON…", "--coverage"}
        assert {argument.partition(":")[0] for argument in arguments} <= known, arguments
        files = [name.split(":")[1] for name in arguments if name.startswith("end-to-end:")]
        named = [name for name in files if name != "FILE"]  # which the reader replaces
        assert all((REPOSITORY / "dev/tests" / name).is_file() for name in named), arguments
    if program == "dev/bench":
        names = {argument.partition(":")[0] for argument in arguments} - {"NAME"}
        assert all((REPOSITORY / "dev/benchmarks" / f"{name}.py").exists() for name in names)
    if program == "dev/run":
        assert set("|".join(arguments).split("|")) <= {"", "stop", "clean"}, arguments


@pytest.mark.parametrize(("name", "line"), COMMANDS)
def test_commands_name_what_there_is(stack: Stack, name: str, line: str) -> None:
    words = words_of(line)
    if not words:
        return
    if words[:2] == ["python3", "dev/main.py"]:
        assert (REPOSITORY / "dev" / "commands" / f"{words[2]}.py").exists(), line
    elif words[0].startswith(("dev/", ".ci/")):
        require_development(words)
    elif words[0] == "odoo" or words[0].endswith("/odoo-bin"):
        require_odoo(words[1:], stack)
    elif words[0] in own_commands():
        require_odoo(words, stack)


@pytest.mark.parametrize(
    "line",
    [
        "odoo --addons-path=x cloud_platform instal -d acme",
        "odoo --addons-path=x cloud_platform install --dry",
        "odoo serve",
        "odoo --no-such-option",
        "dev/test no_such_addon",
        "dev/tests ADDON",
        "dev/bench nothing",
    ],
)
def test_wrong_commands_are_found(stack: Stack, line: str) -> None:
    words = words_of(line)
    with pytest.raises(AssertionError):
        require_odoo(words[1:], stack) if words[0] == "odoo" else require_development(words)


def test_documents_have_the_commands_that_matter() -> None:
    text = "\n".join(line for _name, line in COMMANDS)
    for expected in ("dev/run", "dev/test", "cloud_platform install", "session_redis migrate"):
        assert expected in text


def test_news_fragments_become_an_entry(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        (tmp_path / name).write_text((REPOSITORY / name).read_text())
    fragments = tmp_path / "newsfragments"
    fragments.mkdir()
    (fragments / "+word.feature.md").write_text("Something new.\n")
    (fragments / "12.bugfix.md").write_text("Something corrected.\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "9.8.7"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    changes = (tmp_path / "CHANGELOG.md").read_text()
    assert changes.index("## 9.8.7 (") < changes.index("## 3.0.0 (")
    assert "- Something new.\n" in changes and "- Something corrected. (#12)\n" in changes
    assert not list(fragments.glob("*.md"))
    versions = {manifest["version"] for manifest in manifests().values()}
    assert all(f"\n## {version} (" in changes for version in versions)
