"""Probes of several services at the same time, with a limit of time for all of them.

A silent service blocks the thread that asks it until the timeouts of its client. So a second
question to the same service waits for the first answer, and no process waits for such a thread to
end.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

_waiting: dict[Hashable, "_Question"] = {}
_lock = threading.Lock()


@dataclass
class Answer:
    """The answer of a service: ``value``, or the ``error`` that it raised, if ``in_time``."""

    in_time: bool = False
    value: Any = None
    error: BaseException | None = None


def ask_all(
    questions: Mapping[str, Callable[[], Any]], seconds: float, of: str = ""
) -> dict[str, Answer]:
    """Ask them all, and return their answers by name.

    :param of: the owner of the names, because another owner may use the same names
    """
    deadline = time.monotonic() + seconds
    asked = {name: _asked((of, name), work) for name, work in questions.items()}
    return {name: question.answer(deadline - time.monotonic()) for name, question in asked.items()}


def _asked(key: Hashable, work: Callable[[], Any]) -> "_Question":
    with _lock:
        question = _waiting.get(key)
        if question is None or not question.is_alive():
            question = _waiting[key] = _Question(work)
            question.start()
        return question


class _Question(threading.Thread):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(name="cloud_platform.probes", daemon=True)
        self._work = work
        self._answer = Answer(in_time=True)

    def run(self) -> None:
        try:
            self._answer.value = self._work()
        except BaseException as error:  # noqa: BLE001  # of any kind: it is the answer
            self._answer.error = error

    def answer(self, seconds: float) -> Answer:
        self.join(max(seconds, 0))
        return Answer() if self.is_alive() else self._answer
