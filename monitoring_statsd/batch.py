"""Metrics that are sent together, before they have the form of a protocol."""


class Batch:
    """Timers in their order, and counters, whose increments are added up."""

    __slots__ = ("counters", "timers")

    def __init__(self) -> None:
        self.timers: list[tuple[str, float]] = []
        self.counters: dict[str, int] = {}

    def timing(self, stat: str, milliseconds: float) -> None:
        """Add a duration to a timer.

        :raises ValueError: for a duration that is not a number
        """
        self.timers.append((stat, float(milliseconds)))

    def incr(self, stat: str, count: int = 1) -> None:
        """Increment a counter."""
        self.counters[stat] = self.counters.get(stat, 0) + count

    def __len__(self) -> int:
        return len(self.timers) + len(self.counters)
