"""The word list of the project's English finds idioms in prose, and leaves all else alone."""

from pathlib import Path

import pytest

from dev.commands.plain_english import main
from dev.plain_english import findings

IDIOMS = [
    "It removes what was uploaded.",
    "Removes what\nwas uploaded.",
    "Who may serve a request.",
    "A sentence. Whoever counts, subscribes.",
    "| Redis | what happens |",
    "- How it works",
    "Where the file is.",
    "Whether it is there.",
    "The option takes a URL.",
    "It takes the port for a free one.",
    "A thread needs not wait.",
    "Have the file uploaded.",
    "Say whether it is there.",
    "That is told in the next page.",
    "Nobody reads it.",
    "This is no file.",
    "There are none here.",
    "It has a folder of its own.",
    "It starts by itself.",
    "A service, as by PostgreSQL.",
    "The size is that of the file.",
    "The file lies in a folder.",
    "Uploaded in vain.",
    "It tries again and again.",
    "# Is it running?",
]
PLAIN = [
    "It removes orphaned uploads.",
    "There is no file, it has no owner, and files are no longer lost.",
    "How to run it is described below.",
    "It takes two seconds, and takes over the lock.",
    "The folder where it is stored.",
    '`what is this`, “what is this” and "what\nis this"',
    "[a page](what-is-this/nobody.md) and https://nobody.example/in%20vain",
    "`{db}` stands for the database.",
    "```sh\nnobody tells what is here\n```",
    "> nobody tells what is here",
    "Nobody <!-- plain-english: allow -->",
    "[//]: # (addons)\n\nnobody\n\n[//]: # (end addons)",
]


def found(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [str(finding) for finding in findings(path)]


@pytest.mark.parametrize("text", IDIOMS)
def test_an_idiom_is_found(tmp_path: Path, text: str) -> None:
    assert found(tmp_path / "page.md", f"Plain words.\n\n{text}\n")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_code_quotations_and_marked_lines_pass(tmp_path: Path, text: str) -> None:
    assert not found(tmp_path / "page.md", f"Plain words.\n\n{text}\n")


def test_a_finding_names_the_line_and_the_advice(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert found(page, "# Title\n\nIt removes\nwhat was\nuploaded.\n") == [
        f"{page}:4: 'what was': name the thing"
    ]


def test_python_is_searched_in_docstrings_comments_and_messages(tmp_path: Path) -> None:
    text = (
        '"""Nobody."""\n\nnobody = "nobody"\n# nobody\n\n\n'
        'def nobody_else():\n    """Return it.\n\n    Nobody.\n    """\n'
        '    raise ValueError(\n        f"{nobody}: this file is read "\n        "by nobody")\n'
    )
    lines = [text.split(":")[1] for text in found(tmp_path / "module.py", text)]
    assert sorted(map(int, lines)) == [1, 4, 10, 13]


def test_a_string_that_is_not_a_message_is_left_alone(tmp_path: Path) -> None:
    text = (
        "query = 'SELECT what is FROM the_table'\n"
        "pattern = r'what is \\b it called'\nname = 'nobody'\n"
    )
    assert not found(tmp_path / "module.py", text)


def test_xml_is_searched_in_texts_and_labels(tmp_path: Path) -> None:
    text = (
        "<odoo>\n  <!-- nobody -->\n  <p class='nobody'>Nobody reads it</p>\n"
        '  <button name="nobody"\n    string="Nobody"/>\n</odoo>\n'
    )
    assert len(found(tmp_path / "view.xml", text)) == 2


def test_yaml_is_searched_with_its_comments(tmp_path: Path) -> None:
    assert len(found(tmp_path / "job.yml", "# nobody\nname: what is built\n")) == 2


def test_the_command_fails_with_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("Plain words.\n")
    bad.write_text("Nobody reads it.\n")
    assert main([str(good)]) == 0
    assert main([str(good), str(bad)]) == 1
    assert capsys.readouterr().out == f"{bad}:1: 'Nobody': name the actor or thing\n"
