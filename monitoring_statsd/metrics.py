"""Every metric of the suite for StatsD."""

from dataclasses import dataclass

from odoo.addons.cloud_base.events.operations import COMPONENTS


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric: ``labels`` are parts of its name, ``tags`` are sent only to DogStatsD."""

    area: str
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


# timers, in milliseconds
REQUEST = Metric("http.request", tags=("route", "method", "status", "database"))
BUTTON = Metric("http.button", ("model", "method"), ("database",))
SQL = Metric("http.sql", tags=("database",))
CRON_JOB = Metric("cron.job", ("job",), ("database",))
QUEUE_JOB = Metric("queue.job", ("channel", "outcome"), ("database",))

# counters
STATUS = Metric("http.status", ("class",), ("database",))
QUERIES = Metric("http.queries", tags=("database",))
CRON_FAILURE = Metric("cron.failure", ("job",), ("database",))
DROPPED = Metric("statsd.dropped")


@dataclass(frozen=True)
class StoreMetrics:
    """The metrics of a component of ``cloud_base.events.operations``."""

    operation: Metric  # a timer
    error: Metric
    bytes: Metric
    event: Metric

    @classmethod
    def from_component(cls, component: str) -> "StoreMetrics":
        """Return the metrics of a component."""
        labels = ("backend", "operation")
        return cls(
            Metric(f"{component}.operation", labels),
            Metric(f"{component}.error", (*labels, "error")),
            Metric(f"{component}.bytes", labels),
            Metric(f"{component}.event", ("backend", "event")),
        )


STORES = {component: StoreMetrics.from_component(component) for component in COMPONENTS}
