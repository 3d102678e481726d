"""The names of metrics as they are sent.

Without tags a name is ``STATSD_PREFIX.area.customer.environment[.label…]``, which dashboards know
since the first releases. It has no place for a database. With DogStatsD's tags it is
``STATSD_PREFIX.area``; customer, environment, labels and database are tags.
"""

import re
import unicodedata

from odoo.addons.cloud_base.events.recorder import LABEL_SETS, OTHER

from .metrics import Metric

# characters of a segment or of the value of a tag
LONGEST = 100

# separates a name from its tags
TAGS = "|#"


class Names:
    """The names of metrics without the prefix; tags follow after ``|#``."""

    def __init__(self, customer: str, environment: str, tagged: bool) -> None:
        self._customer = path(customer)
        self._environment = path(environment)
        self._tagged = tagged
        self._names: dict[tuple[Metric, tuple[str, ...]], str] = {}
        self._counts: dict[Metric, int] = {}

    def knows(self, metric: Metric, labels: tuple[str, ...], tags: tuple[str, ...] = ()) -> bool:
        """Return True if a name with these labels was used before."""
        return (metric, labels + tags if self._tagged else labels) in self._names

    def get(self, metric: Metric, labels: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> str:
        """Return the name of a metric with the values of its labels and its tags."""
        key = (metric, labels + tags if self._tagged else labels)
        name = self._names.get(key)
        return self._new_name(key) if name is None else name

    def _new_name(self, key: tuple[Metric, tuple[str, ...]]) -> str:
        metric, values = key
        if self._counts.get(metric, 0) >= LABEL_SETS:
            return self._make(metric, (OTHER,) * len(values))
        self._counts[metric] = self._counts.get(metric, 0) + 1
        name = self._names[key] = self._make(metric, values)
        return name

    def _make(self, metric: Metric, values: tuple[str, ...]) -> str:
        if not self._tagged:
            parts = [metric.area, self._customer, self._environment, *map(segment, values)]
            return ".".join(parts)
        labels = zip((*metric.labels, *metric.tags), map(tag, values), strict=True)
        tags = [("customer", self._customer), ("environment", self._environment), *labels]
        return metric.area + TAGS + ",".join(f"{label}:{value}" for label, value in tags)


def path(text: str) -> str:
    """Return a name as StatsD itself spells it, with its dots: "a b/c.d" is "a_b-c.d"."""
    spelled = re.sub(r"\s+", "_", text.strip()).replace("/", "-")
    return re.sub(r"[^A-Za-z0-9_.-]", "", spelled)


def segment(text: str) -> str:
    """Return a part of a name, without dots: "res.partner" is "res_partner"."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "_", letters)[:LONGEST] or "_"


def tag(text: str) -> str:
    """Return the value of a tag, without the characters that separate tags."""
    return re.sub(r"[^A-Za-z0-9_.:/-]", "_", text)[:LONGEST] or "_"
