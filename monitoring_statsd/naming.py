"""The names that metrics are sent under.

``STATSD_PREFIX.area.customer.environment[.label…]``, which is what dashboards know since the
first releases; with DogStatsD's tags ``STATSD_PREFIX.area``, and all the rest are tags. The names
have no place for a database, so only with tags each database has series of its own.
"""

import re
import unicodedata

from .metrics import Metric

# label sets of one metric in a process; what comes after them is sent as OTHER
LIMIT = 2000
OTHER = "other"

LONGEST = 100


class Names:
    """The names of metrics without the prefix; ``|#`` begins the tags, as on the wire."""

    def __init__(self, customer: str, environment: str, tagged: bool) -> None:
        self._customer = path(customer)
        self._environment = path(environment)
        self._tagged = tagged
        self._names: dict[tuple[Metric, tuple[str, ...]], str] = {}
        self._sets: dict[Metric, int] = {}

    def knows(self, metric: Metric, labels: tuple[str, ...], tags: tuple[str, ...] = ()) -> bool:
        """Return True if a name with these labels has been sent already."""
        return (metric, labels + tags if self._tagged else labels) in self._names

    def of(self, metric: Metric, labels: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> str:
        """Return the name of a metric with the values of its labels and its tags."""
        key = (metric, labels + tags if self._tagged else labels)
        name = self._names.get(key)
        return self._new(key) if name is None else name

    def _new(self, key: tuple[Metric, tuple[str, ...]]) -> str:
        metric, values = key
        if self._sets.get(metric, 0) >= LIMIT:
            return self._made(metric, (OTHER,) * len(values))
        self._sets[metric] = self._sets.get(metric, 0) + 1
        name = self._names[key] = self._made(metric, values)
        return name

    def _made(self, metric: Metric, values: tuple[str, ...]) -> str:
        if not self._tagged:
            parts = [metric.area, self._customer, self._environment, *map(segment, values)]
            return ".".join(parts)
        labels = zip((*metric.labels, *metric.tags), map(tag, values), strict=True)
        tags = [("customer", self._customer), ("environment", self._environment), *labels]
        return f"{metric.area}|#{','.join(f'{label}:{value}' for label, value in tags)}"


def path(text: str) -> str:
    """Return a name as StatsD itself spells it, with its dots: "a b/c.d" is "a_b-c.d"."""
    spelled = re.sub(r"\s+", "_", text.strip()).replace("/", "-")
    return re.sub(r"[^A-Za-z0-9_.-]", "", spelled)


def segment(text: str) -> str:
    """Return a part of a name, with no dot in it: "res.partner" is "res_partner"."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "_", letters)[:LONGEST] or "_"


def tag(text: str) -> str:
    """Return the value of a tag: without what separates tags from each other."""
    return re.sub(r"[^A-Za-z0-9_.:/-]", "_", text)[:LONGEST] or "_"
