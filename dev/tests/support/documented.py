"""The documents: their sections and fenced blocks, which tests run."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dev.settings import REPOSITORY

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``before`` is the paragraph that precedes it."""

    language: str
    text: str
    before: str

    @property
    def files(self) -> list[str]:
        """The name of the file that it is, where the paragraph before it gives one."""
        found = re.search(r"`([^`\s]+)`[^`]*:$", self.before)
        return [found[1]] if found else []


@dataclass(frozen=True)
class Document:
    """A document, or a part of one."""

    text: str

    @classmethod
    def read(cls, path: Path) -> "Document":
        return cls(path.read_text())

    @classmethod
    def page(cls, name: str) -> "Document":
        """Return a page below ``docs``."""
        return cls.read(REPOSITORY / "docs" / f"{name}.md")

    def section(self, title: str) -> "Document":
        """Return the text below a heading, up to the next heading of its level or above."""
        found = re.search(rf"^(#+) {re.escape(title)}$", self.text, re.MULTILINE)
        assert found, f"no heading {title!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
        return Document(rest[: end.start()] if end else rest)

    @cached_property
    def blocks(self) -> list[Block]:
        found = []
        for fence in FENCE.finditer(self.text):
            before = self.text[: fence.start()].rstrip().rpartition("\n\n")[2]
            indent = len(fence["indent"])
            lines = [line[indent:] for line in fence["text"].splitlines(keepends=True)]
            found.append(Block(fence["language"], "".join(lines), before))
        return found

    @property
    def commands(self) -> list[str]:
        """The lines of the ``sh`` blocks; continued ones are one, comments are left out."""
        text = "\n".join(block.text for block in self.blocks if block.language == "sh")
        lines = text.replace("\\\n", " ").splitlines()
        stripped = [re.sub(r"(^|\s)#\s.*", "", line).strip() for line in lines]
        return [line for line in stripped if line]

    def file(self, name: str) -> str:
        """Return the block of a file, which the paragraph before it names."""
        [block] = [block for block in self.blocks if name in block.files]
        return block.text
