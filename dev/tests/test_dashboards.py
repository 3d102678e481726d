"""Every panel of the dashboards, asked of the real servers, shows the load that there was."""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from support.metered import (
    BAD_ACTION,
    CUSTOMER,
    FILE_BYTES,
    FLUSH_SECONDS,
    GOOD_ACTION,
    LOAD,
    WORKERS,
    Metered,
    metered,
    panel_query,
)

from dev.instance import Instance
from dev.settings import REPOSITORY

Found = list[tuple[dict[str, str], float]]

PROMETHEUS = REPOSITORY / "monitoring_prometheus" / "dashboards" / "odoo.json"
STATSD = REPOSITORY / "monitoring_statsd" / "dashboards" / "odoo.json"
ACTIONS = 2
# until a scrape and a flush have every event: a text is as old as 5 seconds
SETTLED_SECONDS = 8
# the load is repeated if the kernel dropped a datagram: UDP promises no delivery
LOADS = 3


@dataclass
class Shown:
    """The events within a window, and their values in the panels."""

    servers: Metered
    done: dict[str, int]
    began: float
    ended: float
    queries: float

    @property
    def window(self) -> int:
        return round(self.ended - self.began)

    def panel(self, expression: str) -> Found:
        return self.servers.prometheus.query(panel_query(expression, self.window))

    def times(self, found: Found, label: str) -> dict[str, float]:
        """Return what rates by a label come to over the window."""
        times: dict[str, float] = {}
        for labels, value in found:
            name = labels.get(label, "")
            times[name] = times.get(name, 0) + value * self.window
        return times


@pytest.fixture(scope="module")
def shown(prepared: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with metered(prepared, tmp_path_factory.mktemp("metered")) as servers:
        servers.prepare()
        # a rate sees no series that begins with it
        for what in LOAD:
            servers.ask(what, 2)
        servers.run_actions(1)
        time.sleep(SETTLED_SECONDS)
        for _load in range(LOADS):
            lost = servers.statsd.lost_datagrams()
            measured = load(servers)
            if servers.statsd.lost_datagrams() == lost:
                break
        else:
            pytest.fail(f"the kernel dropped datagrams to StatsD in each of {LOADS} loads")
        yield measured


def load(servers: Metered) -> Shown:
    """Send the load, and return the numbers of its events."""
    began, before = time.time(), dict(servers.done)
    queries = servers.total("odoo_http_sql_queries_total")
    for what, times in LOAD.items():
        servers.ask(what, times)
    servers.run_actions(ACTIONS)
    time.sleep(SETTLED_SECONDS)
    done = {what: times - before[what] for what, times in servers.done.items()}
    queries = servers.total("odoo_http_sql_queries_total") - queries
    return Shown(servers, done, began, time.time(), queries)


def about(found: dict[str, float], **expected: float) -> None:
    """Compare; a rate is what there was, drawn out to the ends of its window."""
    for name, value in expected.items():
        assert found.get(name, 0) == pytest.approx(value, rel=0.1, abs=1), (name, found)


def calls(shown: Shown) -> int:
    """Return the requests of the web client's kind; for each action there are two."""
    files = shown.done["upload"] + shown.done["missing"]
    return files + shown.done["button"] + 2 * shown.done["action"]


def pages(shown: Shown) -> int:
    return shown.done["page"] + shown.done["unreadable"]


def requests(shown: Shown, found: Found) -> None:
    done = shown.done
    about(
        shown.times(found, "kind"),
        http=pages(shown) + done["error"],
        json=calls(shown),
        none=done["scan"],
        static=done["static"],
    )


def failed(shown: Shown, found: Found) -> None:
    expected = {"404": shown.done["scan"], "500": shown.done["error"]}
    about(shown.times(found, "status"), **expected)


def routes(shown: Shown, found: Found) -> None:
    assert {"/web/login", "unmatched", "/web/pivot/export_xlsx"} <= {
        labels["route"] for labels, _value in found
    }
    positive(shown, found)


def queries(shown: Shown, found: Found) -> None:
    asked = pages(shown) + shown.done["error"] + calls(shown) + shown.done["scan"]
    [(_labels, value)] = found
    assert value == pytest.approx(shown.queries / asked, rel=0.1)


def processes(shown: Shown, found: Found) -> None:
    about(
        {labels["kind"]: value for labels, value in found},
        http=WORKERS,
        threaded=1,
        exporter=1,
        websocket=1,
    )


def started(shown: Shown, found: Found) -> None:
    # by the limit of requests, of which every other one went to prefork
    assert shown.times(found, "kind")["http"] >= 5


def actions(shown: Shown, found: Found) -> None:
    about(shown.times(found, "action"), **{GOOD_ACTION: ACTIONS, BAD_ACTION: ACTIONS})


def actions_failed(shown: Shown, found: Found) -> None:
    about(shown.times(found, "action"), **{GOOD_ACTION: 0, BAD_ACTION: ACTIONS})


def since_success(shown: Shown, found: Found) -> None:
    since = {labels["action"]: value for labels, value in found}
    assert 0 < since[GOOD_ACTION] < shown.window
    assert BAD_ACTION not in since


def session_operations(shown: Shown, found: Found) -> None:
    # a client with a session makes the server read it
    readers = calls(shown) + shown.done["error"] + shown.done["unreadable"]
    assert shown.times(found, "operation")["read"] >= 0.9 * readers


def object_operations(shown: Shown, found: Found) -> None:
    done = shown.done
    about(shown.times(found, "operation"), put=done["upload"])
    assert shown.times(found, "operation")["read"] >= 0.9 * done["missing"]


def object_bytes(shown: Shown, found: Found) -> None:
    put = shown.times(found, "operation")["put"]
    assert put == pytest.approx(shown.done["upload"] * FILE_BYTES, rel=0.1)


def session_events(shown: Shown, found: Found) -> None:
    about(shown.times(found, "event"), payload_unreadable=shown.done["unreadable"])


def object_errors(shown: Shown, found: Found) -> None:
    assert shown.times(found, "error")["NotFound"] >= 0.9 * shown.done["missing"]


def none_at_all(shown: Shown, found: Found) -> None:
    assert sum(value for _labels, value in found) == 0


def positive(shown: Shown, found: Found) -> None:
    """Expect something; of some routes and operations there may have been none."""
    assert max(value for _labels, value in found) > 0
    assert min(value for _labels, value in found) >= 0


def share(shown: Shown, found: Found) -> None:
    assert found and all(0 < value < 1 for _labels, value in found)


EXPECTED: dict[str, Callable[[Shown, Found], None]] = {
    "Servers": lambda shown, found: about({"all": found[0][1]}, all=2),
    "Damaged files of metrics": none_at_all,
    "Requests in progress": none_at_all,
    "Requests": requests,
    "Requests that failed": failed,
    "Duration of requests": positive,
    "Routes that take most time": routes,
    "Slowest routes": routes,
    "SQL queries a request": queries,
    "Share of time in SQL": share,
    "Processes": processes,
    "Processes started": started,
    "Memory": lambda shown, found: positive(shown, [(labels, v - 1e7) for labels, v in found]),
    "Connections to PostgreSQL": lambda shown, found: positive(shown, found[:1]),
    "Runs": actions,
    "Runs that failed": actions_failed,
    "Time in scheduled actions": positive,
    "Since the last success": since_success,
    "Operations on sessions": session_operations,
    "Duration of operations on sessions": positive,
    "Bytes of sessions": positive,
    "Errors and events of sessions": session_events,
    "Operations on objects": object_operations,
    "Duration of operations on objects": positive,
    "Bytes of objects": object_bytes,
    "Errors and events of objects": object_errors,
}


def panels(path: object) -> dict[str, list[str]]:
    """Return the queries of a dashboard by the titles of its panels."""
    found = json.loads(path.read_text())["panels"]  # type: ignore[attr-defined]
    return {
        panel["title"]: [target.get("expr") or target["target"] for target in panel["targets"]]
        for panel in found
        if panel["type"] != "row"
    }


def test_every_panel_is_expected_to_show_something() -> None:
    assert panels(PROMETHEUS).keys() == EXPECTED.keys()


@pytest.mark.parametrize("title", panels(PROMETHEUS))
def test_a_panel_of_prometheus_shows_the_load(shown: Shown, title: str) -> None:
    found = []
    for expression in panels(PROMETHEUS)[title]:
        series = shown.panel(expression)
        assert series, expression
        # a rate of zero by zero is not a number, in a panel with other series
        found += [(labels, value) for labels, value in series if not math.isnan(value)]
    EXPECTED[title](shown, found)


Series = dict[str, list[float]]

BUTTON = "res_partner.open_commercial_entity"
GOOD, BAD = "Metered_works", "Metered_fails"


def rates(expected: dict[str, str]) -> Callable[[Shown, Series], None]:
    """Expect rates that match the events, by kind of load."""
    return lambda shown, found: come_to(
        found, {name: shown.done[what] for name, what in expected.items()}
    )


def come_to(found: Series, expected: dict[str, float]) -> None:
    """Compare what rates come to over the window; what may come besides is not looked at."""
    for name, times in expected.items():
        assert sum(found[name]) * FLUSH_SECONDS == pytest.approx(times), (name, found)


def graphite_requests(shown: Shown, found: Series) -> None:
    requests = pages(shown) + calls(shown) + shown.done["error"] + shown.done["scan"]
    buttons = shown.done["button"]
    come_to(found, {"requests": requests - buttons, "buttons": buttons})


def graphite_statuses(shown: Shown, found: Series) -> None:
    answered = pages(shown) + calls(shown)
    come_to(found, {"2xx": answered, "4xx": shown.done["scan"], "5xx": shown.done["error"]})
    assert found.keys() == {"2xx", "4xx", "5xx"}


def graphite_sessions(shown: Shown, found: Series) -> None:
    readers = calls(shown) + shown.done["error"] + shown.done["unreadable"]
    assert sum(found["redis.read"]) * FLUSH_SECONDS >= readers


def graphite_errors(shown: Shown, found: Series) -> None:
    # a call may read an object that is missing more than once
    assert sum(found["read.NotFound"]) * FLUSH_SECONDS >= shown.done["missing"]


def some(*names: str) -> Callable[[Shown, Series], None]:
    """Expect series of these names, with values that are more than nothing."""

    def expect(_shown: Shown, found: Series) -> None:
        assert set(names) <= found.keys(), found
        assert all(found[name] and min(found[name]) > 0 for name in names), found

    return expect


def graphite_durations(shown: Shown, found: Series) -> None:
    some("mean", "90 %")(shown, found)
    # the load took no longer than its window, whose requests were asked for by four at a time
    assert sum(found["mean"]) < 4 * 1000 * shown.window


EXPECTED_OF_STATSD: dict[str, Callable[[Shown, Series], None]] = {
    "Requests": graphite_requests,
    "Requests by status": graphite_statuses,
    "Duration of requests": graphite_durations,
    "Duration of buttons": some(BUTTON),
    "Buttons that take most time": some(BUTTON),
    "SQL queries": lambda shown, found: come_to(found, {"queries": shown.queries}),
    "Time in SQL": some("SQL"),
    "Runs": rates({GOOD: "action", BAD: "action"}),
    "Duration of runs": some(GOOD, BAD),
    "Runs that failed": rates({BAD: "action"}),
    "Operations on sessions": graphite_sessions,
    "Duration of operations on sessions": some("redis.read"),
    "Bytes of sessions": some("redis.read"),
    "Errors and events of sessions": rates({"redis.payload_unreadable": "unreadable"}),
    "Operations on objects": rates({"s3.put": "upload"}),
    "Duration of operations on objects": some("s3.put"),
    "Bytes of objects": lambda shown, found: come_to(
        found, {"s3.put": shown.done["upload"] * FILE_BYTES}
    ),
    "Errors and events of objects": graphite_errors,
}


def test_every_panel_of_statsd_is_expected_to_show_something() -> None:
    assert panels(STATSD).keys() == EXPECTED_OF_STATSD.keys()


@pytest.mark.parametrize("title", panels(STATSD))
def test_a_panel_of_statsd_shows_the_load_in_graphite(shown: Shown, title: str) -> None:
    found: Series = {}
    for target in panels(STATSD)[title]:
        points = shown.servers.graphite.points(panel_query(target), shown.began, shown.ended)
        found |= {name: [value for _at, value in some] for name, some in points.items()}
    EXPECTED_OF_STATSD[title](shown, found)


def test_the_variables_of_the_dashboard_for_statsd_find_what_there_is(shown: Shown) -> None:
    variables = json.loads(STATSD.read_text())["templating"]["list"]
    queries = {
        one["name"]: panel_query(one["query"]) for one in variables if one["type"] == "query"
    }
    found = {name: shown.servers.graphite.find(query) for name, query in queries.items()}
    assert found == {"customer": {CUSTOMER}, "environment": {"prod"}}
