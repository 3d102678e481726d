"""The check of regular expressions finds those that take too long, and lets the others be."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dev.settings import REPOSITORY, child_environment

# the pattern of access lines in 3.0.0: a line of 63 KB kept a server busy for 6.7 s
QUADRATIC = """
_LINE = re.compile(
    r'"(?P<method>[A-Z]+) (?P<path>[^ ?#]*).*" (?P<status>[1-5]\\d\\d|-) (?:\\d+|-)', re.DOTALL
)
_LINE.search(text)
"""
WORDS = 'WORD = r"\\w+"\n_PAIR = re.compile(rf"{WORD}={re.escape(x)}", re.I)\n'


def extracted(tmp_path: Path, source: str) -> list[dict[str, str | None]]:
    """Return the checked expressions of a file."""
    file = tmp_path / "module.py"
    file.write_text(source)
    done = subprocess.run(
        [sys.executable, REPOSITORY / "dev" / "patterns.py", file],
        capture_output=True,
        text=True,
        check=True,
    )
    return [{key: found[key] for key in ("source", "flags")} for found in json.loads(done.stdout)]


def test_expressions_are_taken_out_of_constants(tmp_path: Path) -> None:
    assert extracted(tmp_path, WORDS + "_PAIR.search(x)") == [{"source": r"\w+=x", "flags": "i"}]


def test_an_expression_that_is_only_matched_begins_at_one_position(tmp_path: Path) -> None:
    [found] = extracted(tmp_path, WORDS + "_PAIR.match(x)\n_PAIR.fullmatch(y)")
    assert found["source"] == r"^(?:\w+=x)$"
    [found] = extracted(tmp_path, WORDS + "_PAIR.match(x)")
    assert found["source"] == r"^(?:\w+=x)"
    [found] = extracted(tmp_path, WORDS + "_PAIR.match(x)\nf(_PAIR)\n_PAIR.sub('', y)")
    assert found["source"] == r"\w+=x"


def test_what_is_not_constant_is_reported_as_such(tmp_path: Path) -> None:
    assert extracted(tmp_path, "re.compile(given)") == [{"source": None, "flags": ""}]


def test_python_s_dialect_becomes_that_of_javascript(tmp_path: Path) -> None:
    [found] = extracted(
        tmp_path, 're.search(r"""(?P<q>["\']) [a-z]  # a word\n (?P=q)\\Z""", x, re.VERBOSE)'
    )
    assert found["source"] == "(?<q>[\"'])[a-z]\\k<q>$"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the hook, as pre-commit installs them."""
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    [package] = re.findall(r'"(recheck@[0-9.]{1,20})"', text)
    folder = tmp_path_factory.mktemp("recheck")
    options = ("--omit=optional", "--no-audit", "--no-fund", "--no-update-notifier")
    subprocess.run(["npm", "install", "--prefix", folder, *options, package], check=True)
    return folder / "node_modules"


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("addon/access.py", QUADRATIC, "takes too long (2nd degree polynomial)"),
        ("addon/access.py", 're.fullmatch(r"(a+)+", x)', "takes too long (exponential)"),
        ("addon/access.py", "re.search(given, x)", "is not made of constants"),
        ("addon/access.py", 're.fullmatch(r"[a-z]+-[0-9]+", x)', None),
        # only texts of the repository itself are read there
        ("addon/tests/test_access.py", QUADRATIC, None),
        ("dev/tests/test_access.py", 're.fullmatch(r"(a+)+", x)', "takes too long (exponential)"),
    ],
)
def test_the_hook_refuses_what_takes_too_long(
    modules: Path, tmp_path: Path, file: str, source: str, complaint: str | None
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    done = subprocess.run(
        ["node", REPOSITORY / "dev" / "patterns.cjs", file],
        cwd=tmp_path,
        env=child_environment(NODE_PATH=str(modules)),
        capture_output=True,
        text=True,
    )
    assert (complaint or "") in done.stdout
    assert done.returncode == (1 if complaint else 0), done.stdout + done.stderr
