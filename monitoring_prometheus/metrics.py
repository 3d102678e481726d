"""Every metric of the suite: its name, its meaning, its labels.

Names follow Prometheus' conventions (base units, ``_total`` for counters). Labels have few
values: route templates instead of paths, classes of errors instead of messages. No label has the
name ``job`` or ``instance``, because Prometheus labels its targets with these. Metrics of a
database have its name as the label ``database``, empty for requests without a database; the
stores belong to the server and all its databases.
"""

from dataclasses import dataclass
from typing import Literal

from odoo.addons.cloud_base.events.operations import COMPONENTS

# seconds; a request of the web client is expected within the first half of them
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_BUCKETS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
STORE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0)

# gauge: the sum over the live processes; latest: the greatest value of all processes ever
Kind = Literal["counter", "histogram", "gauge", "latest"]


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric; it is equal only to itself, so that it is a fast key."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """The count of numbers of a label set: one a bucket, one above the last, and the sum."""
        return len(self.buckets) + 2 if self.kind == "histogram" else 1


REQUEST_SECONDS = Metric(
    "histogram",
    "odoo_http_request_duration_seconds",
    "Duration of HTTP requests, until the body was sent.",
    ("route", "method", "status", "kind", "database"),
    BUCKETS,
)
REQUESTS_IN_PROGRESS = Metric(
    "gauge", "odoo_http_requests_in_progress", "HTTP requests that are being served."
)
QUERIES = Metric(
    "counter",
    "odoo_http_sql_queries_total",
    "SQL queries of HTTP requests.",
    ("route", "database"),
)
QUERY_SECONDS = Metric(
    "counter",
    "odoo_http_sql_seconds_total",
    "Seconds that HTTP requests waited for SQL queries.",
    ("route", "database"),
)
CRON_SECONDS = Metric(
    "histogram",
    "odoo_cron_duration_seconds",
    "Duration of runs of scheduled actions.",
    ("action", "database"),
    LONG_BUCKETS,
)
CRON_FAILURES = Metric(
    "counter",
    "odoo_cron_failures_total",
    "Runs of scheduled actions that an exception ended.",
    ("action", "database"),
)
CRON_SUCCESS = Metric(
    "latest",
    "odoo_cron_last_success_timestamp_seconds",
    "When a scheduled action last ran without an exception.",
    ("action", "database"),
)
QUEUE_SECONDS = Metric(
    "histogram",
    "odoo_queue_job_duration_seconds",
    "Duration of runs of queue jobs.",
    ("channel", "outcome", "database"),
    LONG_BUCKETS,
)
POOL_CONNECTIONS = Metric(
    "gauge",
    "odoo_postgresql_pool_connections",
    "Connections to PostgreSQL in the pools of the processes.",
    ("state",),
)
POOL_MAXIMUM = Metric(
    "gauge",
    "odoo_postgresql_pool_connections_max",
    "Connections to PostgreSQL that the pools of the processes may have.",
)
WORKERS = Metric("gauge", "odoo_workers", "Processes of the server that live.", ("kind",))
WORKER_MEMORY = Metric(
    "gauge",
    "odoo_worker_resident_memory_bytes",
    "Resident memory of the server's processes.",
    ("kind",),
)
WORKERS_STARTED = Metric(
    "counter", "odoo_workers_started_total", "Processes that the server has started.", ("kind",)
)
BUILD = Metric("gauge", "odoo_build_info", "Always 1.", ("version", "suite"))
DAMAGED_FILES = Metric(
    "gauge",
    "odoo_metrics_damaged_files",
    "Files of values that cannot be read: their values are missing.",
)


@dataclass(frozen=True)
class StoreMetrics:
    """The metrics of a component of ``cloud_base.events.operations``."""

    seconds: Metric
    errors: Metric
    bytes: Metric
    events: Metric

    @classmethod
    def from_component(cls, component: str) -> "StoreMetrics":
        """Return the metrics of a component."""
        labels = ("operation", "backend")
        prefix = f"odoo_{component}"
        name = f"the {component.replace('_', ' ')}"
        return cls(
            Metric(
                "histogram",
                f"{prefix}_operation_duration_seconds",
                f"Duration of operations of {name}.",
                labels,
                STORE_BUCKETS,
            ),
            Metric(
                "counter",
                f"{prefix}_operation_errors_total",
                f"Operations of {name} that an exception ended.",
                (*labels, "error"),
            ),
            Metric(
                "counter",
                f"{prefix}_operation_bytes_total",
                f"Bytes that operations of {name} read and wrote.",
                labels,
            ),
            Metric(
                "counter", f"{prefix}_events_total", f"Events of {name}.", ("event", "backend")
            ),
        )

    @property
    def all(self) -> tuple[Metric, ...]:
        """All metrics of the component."""
        return (self.seconds, self.errors, self.bytes, self.events)


STORES = {component: StoreMetrics.from_component(component) for component in COMPONENTS}

# the metrics that processes write; only the exporter knows BUILD and DAMAGED_FILES
WRITTEN = {
    metric.name: metric
    for metric in (
        REQUEST_SECONDS,
        REQUESTS_IN_PROGRESS,
        QUERIES,
        QUERY_SECONDS,
        CRON_SECONDS,
        CRON_FAILURES,
        CRON_SUCCESS,
        QUEUE_SECONDS,
        POOL_CONNECTIONS,
        POOL_MAXIMUM,
        WORKERS,
        WORKER_MEMORY,
        WORKERS_STARTED,
        *(metric for store in STORES.values() for metric in store.all),
    )
}
