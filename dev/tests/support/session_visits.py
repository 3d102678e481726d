"""The answers to clients whose sessions are in a Redis that fails and recovers."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .front_end import Answer, Client, FrontEnd


@dataclass
class Visit:
    """The answers to one client, in turns from both front-ends."""

    client: Client
    logs_in_again: bool
    answers: list[tuple[float, Answer]] = field(default_factory=list)
    logged_out: list[str] = field(default_factory=list)
    log_ins: int = 0

    def go_on(self, front_ends: list[FrontEnd], ended: threading.Event) -> None:
        turn = 0
        is_in = False
        while not ended.is_set():
            turn += 1
            front_end = front_ends[turn % 2]
            if not is_in:
                is_in = bool((self.note(self.client.log_in(front_end)).result or {}).get("uid"))
                self.log_ins += is_in
            elif self.logs_in_again and turn % 10 == 0:
                # gone for sure only when it says so
                is_in = self.note(self.client.log_out(front_end)).status != 200
            else:
                ask = self.client.write if turn % 5 == 0 else self.client.check
                answer = self.note(ask(front_end))
                if answer.error:
                    self.logged_out.append(answer.error)
                    is_in = False

    def good_since(self, moment: float) -> int:
        """Return how many requests that began since were answered as usual."""
        found = self.answers[-100:]
        return sum(a.status == 200 for at, a in found if at - a.seconds > moment)

    def note(self, answer: Answer) -> Answer:
        self.answers.append((time.monotonic(), answer))
        return answer


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def comes_back(client: Client, front_ends: list[FrontEnd], logged_in: bool = True) -> None:
    """Wait until every worker answers, each with the session that there was."""
    deadline = time.monotonic() + 30
    good = 0
    while good < 12:
        answer = client.check(front_ends[good % 2])
        good = good + 1 if answer.status == 200 else 0
        assert answer.status in (200, 503)
        if answer.status == 200 and logged_in:
            assert not answer.error
        assert time.monotonic() < deadline


def serves_what_needs_no_session(client: Client, front_end: FrontEnd) -> None:
    for path in ("/web/static/img/logo.png", "/web/health"):
        answer = client.ask(front_end, path)
        assert answer.status == 200, path
    assert Client(client.database).ask(front_end, "/web/health").status == 200


def judge_logs(front_ends: list[FrontEnd], clients: list[Client], *secrets: str) -> None:
    sids = set().union(*(client.sids for client in clients))
    assert sids
    for front_end in front_ends:
        text = front_end.log.read_text()
        assert "Traceback" not in text, text[-6000:]
        assert not [sid for sid in sids if sid in text]
        assert not [secret for secret in secrets if secret in text]
