"""Every metric of the suite for StatsD."""

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Metric:
    """What is sent; ``tags`` are labels which only names with tags have room for."""

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
    """What is sent of a component of ``cloud_base.events.operations``."""

    operation: Metric  # a timer
    error: Metric
    bytes: Metric
    event: Metric

    @classmethod
    def of(cls, component: str) -> "StoreMetrics":
        labels = ("backend", "operation")
        return cls(
            Metric(f"{component}.operation", labels),
            Metric(f"{component}.error", (*labels, "error")),
            Metric(f"{component}.bytes", labels),
            Metric(f"{component}.event", ("backend", "event")),
        )


STORES = {name: StoreMetrics.of(name) for name in ("session_store", "object_store")}
