"""Comparison of ways to do the same thing: interleaved rounds, medians, intervals, ratios.

Machines are noisy, so every round runs each contender once, in a turning order. The result is the
median of the rounds with its 95 % interval. A ratio is computed within each round and then summed
up in the same way.
"""

import math
import statistics
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[], object]

# An odd number, and enough for a 95 % interval of a median (6 is the least)
ROUNDS = 11

LATENCY = Path("/dev/cpu_dma_latency")


@dataclass(frozen=True)
class Summary:
    """The median of some figures, and the bounds of its 95 % interval."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Summary":
        ordered = sorted(figures)
        offset = interval_offset(len(ordered))
        return cls(statistics.median(ordered), ordered[offset], ordered[-1 - offset])


def interval_offset(figures: int) -> int:
    """Return how many figures from either end the 95 % interval of their median begins.

    That many may be below it with P(Binomial(figures, 1/2) <= offset) <= 2.5 %.
    """
    offset, outside = -1, 0.0
    while (outside := outside + math.comb(figures, offset + 1) / 2**figures) <= 0.025:
        offset += 1
    return offset


@contextmanager
def awake() -> Iterator[None]:
    """Make idle processors wait for work instead of halting, if this process has the right.

    A virtual machine takes up to 0.1 ms to wake one that has halted. On a busy server hardly
    any does; on an idle one it is many times what a question to a neighbour takes, and is
    there in one round and not in the next.
    """
    try:
        # holds for as long as the file is open, see PM QoS in Linux's documentation
        file = LATENCY.open("wb", buffering=0)
    except OSError as error:
        print(f"\nProcessors may halt between two rounds' questions: {error}")
        yield
        return
    with file:
        file.write(struct.pack("i", 0))
        yield


def compare(
    title: str, contenders: Mapping[str, Work], operations: int, rounds: int = ROUNDS
) -> dict[str, Summary]:
    """Time each contender's ``operations`` in every round and print the table.

    The ratios are rates: above 1 is faster than the first contender, the reference. Work that
    returns a float has measured itself, in seconds.

    :return: the ratio of each contender to the first one
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for work in contenders.values():
        work()  # warm: connections, caches
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.perf_counter()
            measured = contenders[name]()
            around = time.perf_counter() - began
            seconds[name].append(measured if isinstance(measured, float) else around)
    ratios = {
        name: Summary.of([a / b for a, b in zip(seconds[names[0]], seconds[name], strict=True)])
        for name in names
    }
    print(f"\n{title}: {operations} operations a round, {rounds} rounds")
    print(f"  {'':<34} {'ms each':>9} {'95 % interval':>19} {'rate':>7} {'95 % interval':>15}")
    for name in names:
        each = Summary.of([1000 * figure / operations for figure in seconds[name]])
        ratio = ratios[name]
        print(
            f"  {name:<34} {each.median:9.2f} {each.low:9.2f} …{each.high:8.2f} "
            f"{ratio.median:7.2f} {ratio.low:7.2f} …{ratio.high:6.2f}"
        )
    return ratios
