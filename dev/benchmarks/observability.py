"""The costs of metrics and logs, beside the targets of the suite.

requests()      a request that is counted: at most 20 microseconds more for each sink
operations()    an operation of a store without a subscriber
scrape()        16 workers of 200 routes, after 500 that ended: at most 300 ms, and
                2 MB of disk a worker
logs            see ``logs.py``
suite           light requests on servers with the whole suite, beside bare Odoo: 0.95 at least
"""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Process
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

from odoo.addons.cloud_base.events import http_requests
from odoo.addons.cloud_base.events.operations import Operation
from odoo.addons.monitoring_prometheus import metrics as metrics
from odoo.addons.monitoring_prometheus.aggregator import AllValues
from odoo.addons.monitoring_prometheus.exporter import Exporter
from odoo.addons.monitoring_prometheus.families import Families, families
from odoo.addons.monitoring_prometheus.process_registry import ProcessValues
from odoo.addons.monitoring_prometheus.recorder import Recorder
from odoo.addons.monitoring_statsd.client import StatsdClient
from odoo.addons.monitoring_statsd.naming import Names
from odoo.addons.monitoring_statsd.recorder import Recorder as StatsdRecorder
from odoo.addons.monitoring_statsd.settings import StatsdSettings

from . import logs, whole_suite
from .rounds import Summary

REQUESTS = 5000
OPERATIONS = 100_000
ROUNDS = 11
ROUTES = 200
LIVE_WORKERS = 16
ENDED_WORKERS = 500

# functions that subscribe a sink, unsubscribe it, and do its postponed work
Sink = tuple[Callable[[], None], Callable[[], None], Callable[[], None]]

PARTS = ("requests", "operations", "scrape", "logs", "suite")


def main(registry: Any, _environment: Callable[[Any], Any], *parts: str) -> None:
    """Run in a separate folder; servers with the suite run on the database."""
    chosen = parts or PARTS
    folder = Path(tempfile.mkdtemp())
    try:
        if "operations" in chosen:
            operations()
        if "scrape" in chosen:
            scrape(folder / "scrape")
        if "logs" in chosen:
            logs.main()
        if "suite" in chosen:
            with receiver() as port:
                whole_suite.compare_with_bare(registry.db_name, port)
        if "requests" in chosen:  # last: it leaves a thread, and the others fork
            requests(folder / "request")
    finally:
        shutil.rmtree(folder)


def requests(folder: Path) -> None:
    values = ProcessValues(folder)
    recorder = Recorder(values, http_requests.PROBES, "http")
    with receiver() as port:
        sinks = {
            "Prometheus": (recorder.subscribe, recorder.unsubscribe, lambda: None),
            "StatsD": statsd_sink(port),
            "StatsD with DogStatsD's tags": statsd_sink(port, STATSD_TAGS="dogstatsd"),
        }
        added_by_request(sinks, target=20)
    values.close()


def statsd_sink(port: int, **variables: Any) -> Sink:
    settings = StatsdSettings(
        **{"STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(port), **variables}
    )
    names = Names("acme", "prod", settings.tags is not None)
    client = StatsdClient(settings)
    recorder = StatsdRecorder(client, names, settings.ignored_routes)
    return recorder.subscribe, recorder.unsubscribe, client.flush


@contextmanager
def receiver() -> Iterator[int]:
    """Start another process that reads from a UDP port, like StatsD."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        reader = Process(target=_read, args=[listening], daemon=True)
        reader.start()
        try:
            yield listening.getsockname()[1]
        finally:
            reader.kill()
            reader.join()


def _read(listening: socket.socket) -> None:
    while True:
        listening.recv(65536)


def added_by_request(sinks: Mapping[str, Sink], target: float) -> None:
    """Print the costs of each sink for a request that does nothing else."""
    application = http_requests._observed_call(_application)
    seconds: dict[str, list[float]] = {name: [] for name in ("nobody", *sinks)}
    for _turn in range(ROUNDS):
        seconds["nobody"].append(_serve(application))
        for name, (subscribe, unsubscribe, catch_up) in sinks.items():
            subscribe()
            try:
                seconds[name].append(_serve(application, catch_up))
            finally:
                unsubscribe()
    print(f"\nmicroseconds that a request takes longer ({REQUESTS} a round, {ROUNDS} rounds)")
    for name in sinks:
        pairs = zip(seconds[name], seconds["nobody"], strict=True)
        added = Summary.of([1e6 * (a - b) / REQUESTS for a, b in pairs])
        print(
            f"  {name:<34} {added.median:7.2f} {added.low:7.2f} …{added.high:6.2f}"
            f"   (target: {target} at most)"
        )


def _application(_self: Any, environ: dict[str, Any], start_response: Any) -> list[bytes]:
    request = http_requests.current()
    if request:
        # as Odoo's dispatch does it
        request.route, request.kind = environ["ROUTE"], "http"
        request.queries, request.query_seconds = 5, 0.01
    start_response("200 OK", [])
    return [b""]


def _serve(application: Callable[..., Any], catch_up: Callable[[], None] = lambda: None) -> float:
    environs = [{"REQUEST_METHOD": "GET", "ROUTE": f"/route/{number}"} for number in range(ROUTES)]
    began = time.perf_counter()
    for number in range(REQUESTS):
        body = application(None, environs[number % ROUTES], lambda _status, _headers: None)
        for _part in body:
            pass
        getattr(body, "close", lambda: None)()
    catch_up()
    return time.perf_counter() - began


def operations() -> None:
    """Print the costs of an operation without a subscriber, beside no operation."""

    def measured() -> None:
        for _number in range(OPERATIONS):
            with Operation("session_store", "read", "redis") as operation:
                operation.bytes = 1

    def bare() -> None:
        for _number in range(OPERATIONS):
            pass

    figures = [1e6 * (_timed(measured) - _timed(bare)) / OPERATIONS for _round in range(ROUNDS)]
    each = Summary.of(figures)
    print(
        f"\nan operation of a store without a sink: {each.median:.2f} microseconds, "
        f"{each.low:.2f} … {each.high:.2f} (a read from Redis takes some 100)"
    )


def scrape(folder: Path) -> None:
    for _worker in range(ENDED_WORKERS):
        _worked(folder).close()
        if len(list(folder.glob("*.values"))) == 100:
            AllValues(folder).collect()  # as the exporter does from time to time
    live = [_worked(folder) for _worker in range(LIVE_WORKERS)]
    exporter = Exporter(folder, None)
    first = _timed(lambda: _text(folder))
    later = Summary.of([_timed(lambda: _text(folder)) for _round in range(ROUNDS)])
    _scrape(exporter)
    cached = Summary.of([_timed(lambda: _scrape(exporter)) for _round in range(ROUNDS)])
    sizes = [path.stat().st_blocks * 512 for path in folder.glob("*.values")]
    ended = sum(path.stat().st_blocks * 512 for path in folder.glob("*.totals"))
    for values in live:
        values.close()
    print(f"\n{LIVE_WORKERS} workers of {ROUTES} routes, after {ENDED_WORKERS} that ended")
    print(f"  {'first scrape, takes in the last 100':<38} {1000 * first:7.1f} ms")
    print(
        f"  {'scrape':<38} {1000 * later.median:7.1f} ms {1000 * later.low:7.1f} …"
        f"{1000 * later.high:6.1f}   (target: 300 at most)"
    )
    print(f"  {'the same within 5 seconds':<38} {1000 * cached.median:7.1f} ms")
    print(f"  {'bytes of a scrape':<38} {len(_text(folder)):7} ")
    print(
        f"  {'disk of a live worker':<38} {max(sizes) / 1e6:7.2f} MB   (target: 2 at most), "
        f"{len(sizes)} files; of all that ended: {ended / 1e6:.2f} MB"
    )


def _worked(folder: Path) -> ProcessValues:
    """Return the values of a worker that has seen every route."""
    values = ProcessValues(folder)
    for number in range(ROUTES):
        route = f"/shop/<model('product.category'):category>/page/{number}"
        values.observe(metrics.REQUEST_SECONDS, (route, "GET", "200", "http"), 0.1)
        values.add(metrics.QUERIES, (route,), 5)
        values.add(metrics.QUERY_SECONDS, (route,), 0.01)
    return values


def _text(folder: Path) -> bytes:
    text: bytes = generate_latest(Families(families(AllValues(folder).collect())))
    return text


def _scrape(exporter: Exporter) -> None:
    exporter.answer_trusted({"REQUEST_METHOD": "GET"}, lambda *_arguments: None)


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
