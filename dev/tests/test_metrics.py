"""Metrics of real servers in a real Prometheus: exact, bounded, guarded, always answered."""

import re
import shutil
import subprocess
import threading
import time
import urllib.error
from collections.abc import Iterator

import psycopg2
import pytest
from support.metered import LOAD, REQUESTS_OF_A_WORKER, RULES, WORKERS, Metered, Visitor, metered

from dev.instance import Instance, Node
from dev.process import free_ports

COUNT = "odoo_http_request_duration_seconds_count"
COUNTERS = "odoo_.*(_total|_count|_sum|_bucket)"

# the labels of the requests of a kind of load
LABELS = {
    "page": {"route": "/web/login", "method": "GET", "status": "200"},
    "static": {"route": "static"},
    "scan": {"route": "unmatched", "status": "404", "kind": "none"},
    "error": {"status": "500"},
}


@pytest.fixture(scope="module")
def servers(prepared: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    with metered(prepared, tmp_path_factory.mktemp("metered")) as servers:
        servers.prepare()
        yield servers


@pytest.fixture(scope="module")
def loaded(servers: Metered) -> Metered:
    """The servers after the load, all of which Prometheus has seen."""
    for what, times in LOAD.items():
        servers.ask(what, times)
    for what, labels in LABELS.items():
        # a scrape is as old as five seconds
        until = done(servers, what)
        servers.until(lambda labels=labels: counted(servers, **labels), until, seconds=20)
    return servers


def done(servers: Metered, what: str) -> int:
    """Return how often something was done; with unreadable sessions, pages were asked for too."""
    return servers.done[what] + (servers.done["unreadable"] if what == "page" else 0)


def counted(servers: Metered, **labels: str) -> float:
    selector = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return servers.total(f"{COUNT}{{{selector}}}")


def test_every_request_is_counted_once_over_workers_that_come_and_go(loaded: Metered) -> None:
    found = {what: counted(loaded, **labels) for what, labels in LABELS.items()}
    assert found == {what: done(loaded, what) for what in LABELS}
    assert counted(loaded, route="/web/health") == 0
    started = loaded.total('odoo_workers_started_total{kind="http"}')
    # a worker may have been started that has not reached the limit yet
    assert started >= sum(LOAD.values()) // REQUESTS_OF_A_WORKER


def test_counters_never_go_back(loaded: Metered) -> None:
    counters = loaded.prometheus.query(f'count by (__name__) ({{__name__=~"{COUNTERS}"}})')
    assert len(counters) > 10
    for labels, _value in counters:
        name = labels["__name__"]
        assert loaded.total(f"resets({name}[1h])") == 0, name


def test_promtool_finds_nothing_to_complain_of(loaded: Metered) -> None:
    for node in loaded.nodes:
        checked = subprocess.run(
            ["promtool", "check", "metrics"],
            input=loaded.scrape(node),
            capture_output=True,
            text=True,
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_scan_of_random_urls_adds_no_series(loaded: Metered) -> None:
    unmatched = COUNT + '{route="unmatched"}'
    before = len(loaded.prometheus.query(unmatched))
    loaded.ask("scan", 50)
    scanned = loaded.done["scan"]
    assert loaded.until(lambda: counted(loaded, route="unmatched"), scanned) == scanned
    # each of them is in one of these; earlier requests may be scraped late
    assert len(loaded.prometheus.query(unmatched)) == before > 0
    assert not [
        labels for labels, _value in loaded.prometheus.query(COUNT) if "scan" in str(labels)
    ]
    assert "scan" not in loaded.scrape(loaded.threaded)


def test_a_scan_of_random_urls_adds_no_name_in_graphite(loaded: Metered) -> None:
    known = {"request", "button", "status", "queries", "sql"}
    found = {
        name
        for folder in ("stats", "stats.timers")
        for name in loaded.graphite.find(f"{folder}.odoo.http.*")
    }
    assert found == known


def test_a_scrape_within_five_seconds_is_the_same(servers: Metered) -> None:
    def scrapes() -> tuple[str, str]:
        before = servers.scrape(servers.prefork)
        servers.ask("page", 1)
        return before, servers.scrape(servers.prefork)

    # the five seconds may end between the two, hardly each time
    assert any(before == after for before, after in (scrapes() for _try in range(4)))
    before = servers.scrape(servers.prefork)
    servers.ask("page", 1)
    assert servers.until(lambda: servers.scrape(servers.prefork) != before, True, seconds=8)


def test_the_files_of_workers_that_ended_are_gone(loaded: Metered) -> None:
    folder = loaded.prefork.data_directory / "prometheus" / str(loaded.prefork.ports[0])
    started = loaded.total('odoo_workers_started_total{kind="http"}')
    # the workers, the exporter, the gevent process and, if it counts at all, the master
    most = WORKERS + 3
    assert started > most
    few = loaded.until(lambda: len(list(folder.glob("*.values"))) <= most, True, seconds=20)
    assert few, list(folder.iterdir())


def test_a_host_of_statsd_that_does_not_exist_delays_nothing(
    prepared: Instance, servers: Metered
) -> None:
    node = Node(prepared.directory / "unresolvable")
    variables = {"ODOO_STATSD": "1", "STATSD_CUSTOMER": "acme", "STATSD_HOST": "statsd.invalid"}
    try:
        ports = free_ports(27269, 3)
        prepared.start_node(node, ports, "--workers=0", "--max-cron-threads=0", **variables)
        node.daemon.wait(node.answers, timeout_seconds=120)
        began = time.monotonic()
        for _number in range(20):
            assert Visitor(node).get("/web/health") == 200
            assert Visitor(node).get("/web/login") == 200
        assert time.monotonic() - began < 20
        assert node.log.read_text().count("statsd.invalid is not found") == 1
    finally:
        node.daemon.stop()
        shutil.rmtree(node.directory, ignore_errors=True)


def test_metrics_are_for_those_who_show_the_token(servers: Metered) -> None:
    assert servers.until(lambda: servers.total("up"), 2) == 2
    for node in servers.nodes:
        with pytest.raises(urllib.error.HTTPError) as caught:
            servers.scrape(node, token="wrong")
        assert caught.value.code == 401
        assert Visitor(node).get("/metrics") == 401


def test_the_port_of_metrics_answers_while_every_worker_is_busy(servers: Metered) -> None:
    env = servers.instance.stack.postgresql.env
    connection = psycopg2.connect(
        host=env["PGHOST"],
        port=env["PGPORT"],
        user=env["PGUSER"],
        password=env["PGPASSWORD"],
        dbname=servers.instance.name,
    )
    database = servers.instance.name
    visitors = [Visitor(servers.prefork) for _worker in range(WORKERS)]
    logins = [threading.Thread(target=visitor.login, args=[database]) for visitor in visitors]
    try:
        with connection.cursor() as cursor:
            # no user can log in until this transaction ends
            cursor.execute("LOCK TABLE res_users IN ACCESS EXCLUSIVE MODE")
            for login in logins:
                login.start()

            def busy() -> list[str]:
                text = servers.scrape(servers.prefork)
                return re.findall(r"^odoo_http_requests_in_progress (\S+)", text, re.MULTILINE)

            assert servers.until(busy, [f"{WORKERS}.0"]) == [f"{WORKERS}.0"]
            waiting = threading.Thread(target=Visitor(servers.prefork).get, args=["/web/health"])
            waiting.start()
            waiting.join(3)
            assert waiting.is_alive(), "a worker was free"
            assert servers.scrape(servers.prefork)
    finally:
        connection.close()
    for thread in (*logins, waiting):
        thread.join(120)
        assert not thread.is_alive()


def test_the_alert_rules_hold_and_pass_their_tests(servers: Metered) -> None:
    for command in (
        ["check", "rules", RULES],
        ["test", "rules", RULES.with_name("odoo.tests.yml")],
    ):
        done = subprocess.run(["promtool", *map(str, command)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    states = servers.prometheus.query('count({__name__="ALERTS",alertname="OdooServerDown"})')
    assert states == []
