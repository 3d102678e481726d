"""Turn numbers into metric families of prometheus_client, which writes their text."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.utils import floatToGoString

from .aggregator import Totals
from .metrics import WRITTEN, Metric
from .mmap_file import Numbers, decoded_key


class Families:
    """A collector of families, for ``prometheus_client.generate_latest``."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> list[Family]:
        """Return the families."""
        return self._families


def families(totals: Totals) -> Iterator[Family]:
    """Yield a family for each metric that has numbers."""
    by_name: dict[str, Family] = {}
    for key, numbers in sorted(totals.numbers.items()):
        name, labels = decoded_key(key)
        metric = WRITTEN[name]
        if name not in by_name:
            by_name[name] = family(metric)
        _add(by_name[name], metric, labels, numbers)
    yield from by_name.values()


def family(metric: Metric) -> Family:
    """Return a family without samples."""
    if metric.kind == "histogram":
        return HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    if metric.kind == "counter":
        return CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def single(metric: Metric, values: Mapping[Any, float]) -> Family:
    """Return the family of a metric with these values by labels."""
    made = family(metric)
    for labels, value in values.items():
        _add(made, metric, labels, (value,))
    return made


def _add(made: Family, metric: Metric, labels: tuple[str, ...], numbers: Numbers) -> None:
    if isinstance(made, HistogramMetricFamily):
        *buckets, total = numbers
        bounds = [*map(floatToGoString, metric.buckets), "+Inf"]
        made.add_metric(labels, list(zip(bounds, accumulate(buckets), strict=True)), total)
    elif isinstance(made, CounterMetricFamily | GaugeMetricFamily):
        made.add_metric(labels, numbers[0])
