"""Records the calls of functions that are defined in a checkout, in all threads of a process.

Only the frames of the addons count: neither Odoo and libraries, nor tests and ``dev``. The body
of a module or of a class is not a call. A generator counts once, however often it is resumed.
"""

import dis
import functools
import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

NOT_COUNTED = {"dev", "tests"}


@dataclass(frozen=True)
class Call:
    """A call: the function, and how many calls of the checkout were on the stack with it."""

    thread: int
    code: CodeType
    file: str
    depth: int

    def __str__(self) -> str:
        name = getattr(self.code, "co_qualname", self.code.co_name)
        return f"{'  ' * self.depth}{self.file}:{self.code.co_firstlineno} {name}"


@dataclass(frozen=True)
class Measures:
    """The figures of one path; see the columns of the architecture review.

    ``hops`` are changes of the file between consecutive calls of a thread.
    """

    calls: int
    functions: int
    files: int
    addons: int
    classes: int
    hops: int
    deepest: int

    @classmethod
    def from_calls(cls, calls: list[Call]) -> "Measures":
        """Return the figures of recorded calls."""
        files = {call.file for call in calls}
        names = {(call.file, _class_of(call.code)) for call in calls}
        by_thread: dict[int, list[str]] = {}
        for call in calls:
            by_thread.setdefault(call.thread, []).append(call.file)
        return cls(
            calls=len(calls),
            functions=len({(call.file, call.code) for call in calls}),
            files=len(files),
            addons=len({file.partition("/")[0] for file in files}),
            classes=sum(1 for _file, name in names if name),
            hops=sum(a != b for visited in by_thread.values() for a, b in pairwise(visited)),
            deepest=max((call.depth for call in calls), default=0),
        )


def result_of(calls: list[Call]) -> dict[str, object]:
    """Return recorded calls as JSON has them: ``figures`` by column, and a line for each."""
    return {"figures": asdict(Measures.from_calls(calls)), "calls": list(map(str, calls))}


class Recorder:
    """Notes the calls of a checkout while ``recording()`` lasts.

    :param checkout: the folder that has the addons
    """

    def __init__(self, checkout: Path) -> None:
        self._root = f"{checkout.resolve()}/"
        self._depths = threading.local()
        self._calls: list[Call] | None = None

    def install(self) -> None:
        """Observe this thread, and all threads that are made from now on."""
        threading.setprofile(self._observe)
        sys.setprofile(self._observe)

    @contextmanager
    def recording(self) -> Iterator[list[Call]]:
        """Yield a list that the calls of the block are appended to."""
        calls: list[Call] = []
        self._calls = calls
        try:
            yield calls
        finally:
            self._calls = None

    def _observe(self, frame: FrameType, event: str, _argument: Any) -> None:
        calls = self._calls
        if calls is None or event not in ("call", "return"):
            return
        code = frame.f_code
        # not kept by code object: functions of two files are equal if their text and line are
        file = self._counted_file(code.co_filename)
        if not file or not code.co_flags & inspect.CO_NEWLOCALS:
            return
        depth = getattr(self._depths, "now", 0)
        if event == "return":
            self._depths.now = max(depth - 1, 0)
            return
        self._depths.now = depth + 1
        if not _is_resumed(frame):
            calls.append(Call(threading.get_ident(), code, file, depth + 1))

    def _counted_file(self, path: str) -> str:
        """Return the path of a file inside the checkout; "" if it does not count."""
        if not path.startswith(self._root):
            return ""
        file = path[len(self._root) :]
        return "" if NOT_COUNTED.intersection(file.split("/")) else file


def _is_resumed(frame: FrameType) -> bool:
    """Return True if a generator goes on after a ``yield``."""
    if not frame.f_code.co_flags & inspect.CO_GENERATOR:
        return False
    return frame.f_lasti > _first_instruction(frame.f_code)


@functools.cache
def _first_instruction(code: CodeType) -> int:
    """Return the offset at which a new generator starts; Python 3.10 has no mark for it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RESUME":
            return instruction.offset
    return 0


def _class_of(code: CodeType) -> str:
    """Return the class that a method belongs to; "" for a function, and on Python 3.10."""
    owner = getattr(code, "co_qualname", code.co_name).rpartition(".")[0]
    return "" if owner.endswith("<locals>") else owner
