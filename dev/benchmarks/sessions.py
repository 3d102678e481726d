"""Sessions in Redis beside core's file store, on one machine and disk.

A rate above 1 is faster than core. The promises of the suite, as rates: get 0.67, get and an
unchanged save 2.5, get and a changed save 1.54; light requests 0.97.

store           one thread on the store itself
network         the same over a connection that takes a millisecond, in round trips
client          the same by redis-py's pipeline, at several latencies; see ``session_client.py``
memory          what Redis needs for a session
many            one device revoked and 100,000 identifiers checked beside 200,000 sessions
sentinel        the same with Sentinels, TLS and a replica that a revocation waits for
threaded        light requests of a logged-in user, on separate servers
prefork         the same with two workers

The file store never waits, a question to Redis does: the processors are kept awake, like
the processors of a busy server (see ``rounds.awake``).
"""

import functools
import itertools
import json
import multiprocessing
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from odoo import http as odoo_http
from odoo.tools import config

from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.session_redis.session_store.store import RedisSessionStore
from odoo.addons.session_redis.settings import RedisSettings

from dev.process import free_ports
from dev.stack import Stack

from .rounds import Summary, awake, compare
from .servers import Server, load, log_in, option, serving
from .session_client import LATENCIES_MS, session_client

OPERATIONS = 200
SESSIONS = 200_000
IDENTIFIERS = 100_000
# short bursts in turns: what else the machine does is in both
REQUESTS = 96
SERVER_ROUNDS = 81
MANY_SESSIONS = 20_000
CONTENDERS = ("core's file store", "session_redis")


def main(registry: Any, environment: Callable[[Any], Any], *parts: str) -> None:
    """Run with the variables of ``session_redis`` set; the sessions are deleted at the end."""
    path = tempfile.mkdtemp(dir=config["data_dir"])
    settings = RedisSettings.read().model_copy(update={"prefix": f"bench-{os.getpid()}"})
    redis_store = RedisSessionStore(settings, path)
    stores = dict(zip(CONTENDERS, (file_store(path), redis_store), strict=True))
    known: dict[str, Callable[[], None]] = {
        "store": lambda: store(stores),
        "network": lambda: network(settings),
        "client": lambda: client(settings),
        "memory": lambda: memory(redis_store),
        "many": lambda: many(redis_store),
        "sentinel": sentinel,
        "threaded": lambda: requests(registry.db_name, 0),
        "prefork": lambda: requests(registry.db_name, 2),
    }
    try:
        with awake():
            for name in parts or known:
                known[name]()
    finally:
        clean(redis_store)
        shutil.rmtree(path)


def clean(store: RedisSessionStore) -> None:
    client = store.connection.client
    for pattern in store.keys.scan_patterns:
        found = client.scan_iter(match=pattern, count=5000)
        while keys := list(itertools.islice(found, 5000)):
            client.unlink(*keys)


def file_store(path: str) -> Any:
    return odoo_http.FilesystemSessionStore(
        path, session_class=odoo_http.Session, renew_missing=True
    )


def new_session(store: Any) -> Any:
    """Save the session of a user, as large as they are."""
    session = store.new()
    session.update(odoo_http.get_default_session())
    session.update(
        db="bench",
        uid=2,
        login="user@example.com",
        session_token=secrets.token_hex(32),
        context={"lang": "en_US", "tz": "Europe/Zurich", "uid": 2},
        create_time=time.time(),
        _trace=[
            {
                "platform": "linux",
                "browser": "chrome",
                "ip_address": "192.0.2.1",
                "first_activity": 1760000000,
                "last_activity": 1760000000,
            }
        ],
    )
    store.save(session)
    return session


def store(stores: dict[str, Any]) -> None:
    sids = {name: new_session(one).sid for name, one in stores.items()}
    for title, work in (
        ("get", get),
        ("get and an unchanged save", get_and_save),
        ("get and a changed save", get_and_change),
    ):
        contenders = {
            name: lambda one=one, sid=sids[name], work=work: repeat(work, one, sid)
            for name, one in stores.items()
        }
        compare(title, contenders, OPERATIONS, rounds=31)


def get(store: Any, sid: str) -> Any:
    return store.get(sid)


def get_and_save(store: Any, sid: str) -> None:
    store.save(store.get(sid))


def get_and_change(store: Any, sid: str) -> None:
    session = store.get(sid)
    session["counter"] = session.get("counter", 0) + 1
    store.save(session)


def repeat(work: Callable[[Any, str], Any], store: Any, sid: str) -> None:
    for _number in range(OPERATIONS):
        work(store, sid)


def network(settings: RedisSettings) -> None:
    """Two round trips are what a GET and a SET of as many bytes take over the same connection."""
    with slow_connection(settings.host, settings.port) as port:
        far = RedisSessionStore(settings.model_copy(update={"host": "127.0.0.1", "port": port}))
        sid = new_session(far).sid
        contenders = {"GET and SET": functools.partial(repeat, get_and_set, far, sid)}
        for work in (get, get_and_save, get_and_change):
            contenders[work.__name__] = functools.partial(repeat, work, far, sid)
        compare("with a network of 1 ms", contenders, OPERATIONS)
        far.connection.close()


def client(settings: RedisSettings) -> None:
    for latency in LATENCIES_MS:
        print(f"\nA network of {latency} ms")
        with slow_connection(settings.host, settings.port, latency / 1000) as port:
            far = settings.model_copy(update={"host": "127.0.0.1", "port": port})
            session_client(far, (get, get_and_change), lambda store: str(new_session(store).sid))


def get_and_set(store: Any, sid: str) -> None:
    client = store.connection.client
    payload: Any = client.get(store.keys.session_keys(sid)[0])
    client.set(f"{store.keys.session_keys(sid)[0]}:raw", payload, ex=60)


@contextmanager
def slow_connection(host: str, port: int, seconds: float = 0.001) -> Iterator[int]:
    """Give a port behind which ``host`` is so far away; the delay is another process."""
    parent, child = multiprocessing.Pipe()

    def serve() -> None:
        with FaultProxy(host, port) as proxy:
            proxy.latency = seconds / 2
            child.send(proxy.port)
            child.recv()

    process = multiprocessing.get_context("fork").Process(target=serve)
    process.start()
    try:
        yield parent.recv()
    finally:
        parent.send(None)
        process.join()


def many(store: RedisSessionStore, where: str = "plain") -> None:
    revoked = [new_session(store).sid[:42] for _number in range(21)]
    fill(store)
    checks = [f"{number:042d}" for number in range(IDENTIFIERS)]
    milliseconds = []
    for identifier in revoked:
        began = time.perf_counter()
        store.delete_from_identifiers([identifier])
        milliseconds.append(1000 * (time.perf_counter() - began))
    seconds = []
    for _round in range(7):
        began = time.perf_counter()
        if store.get_missing_session_identifiers(checks):
            raise RuntimeError("identifiers are missing")
        seconds.append(time.perf_counter() - began)
    print(f"\nBeside {SESSIONS} sessions, {where} (core: 1.2 s for the check)")
    for what, figures, unit in (
        ("one device revoked", milliseconds, "ms"),
        (f"{IDENTIFIERS} identifiers checked", seconds, "s"),
    ):
        summary = Summary.of(figures)
        print(f"  {what:<34} {summary.median:9.2f} {summary.low:9.2f} …{summary.high:8.2f} {unit}")


def sentinel() -> None:
    servers: Any = Stack().redis_sets["redis_sentinel"]
    servers.start()
    variables: dict[str, Any] = {
        **servers.env,
        "ODOO_SESSION_REDIS_PREFIX": f"bench-{os.getpid()}",
    }
    store = RedisSessionStore(RedisSettings(**variables))
    try:
        many(store, "with Sentinels and TLS")
    finally:
        clean(store)
        store.connection.close()


def fill(store: RedisSessionStore) -> None:
    """Write the keys of many sessions, as ``save`` does."""
    client = store.connection.client
    payload: Any = client.get(store.keys.session_keys(new_session(store).sid)[0])
    for start in range(0, SESSIONS, 5000):
        pipe = client.pipeline(transaction=False)
        for number in range(start, start + 5000):
            sid = f"{number:042d}{number:042d}"
            pipe.set(store.keys.session_keys(sid)[0], payload, ex=3600)
            pipe.hset(store.keys.index(sid), sid[42:], "")
        pipe.execute()


def memory(store: RedisSessionStore) -> None:
    session = new_session(store)
    client = store.connection.client
    size = len(json.dumps(dict(session)))
    own = client.memory_usage(store.keys.session_keys(session.sid)[0], samples=0) or 0
    index = client.memory_usage(store.keys.index(session.sid), samples=0) or 0
    print(f"\nMemory in Redis for a session of {size} bytes of JSON")
    print(f"  {'the session':<34} {own:9} bytes, {own / size:.2f} of its JSON")
    print(f"  {'with its index':<34} {own + index:9} bytes, {(own + index) / size:.2f} of it")
    before: int = client.info("memory")["used_memory"]
    for _number in range(MANY_SESSIONS):
        new_session(store)
    each = (client.info("memory")["used_memory"] - before) / MANY_SESSIONS
    title = f"all of it, for each of {MANY_SESSIONS}"
    print(f"  {title:<34} {each:9.0f} bytes, {each / size:.2f} of it")


def requests(database: str, workers: int) -> None:
    """Run a server for each store and send both the same requests, in turns."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(server(database, workers, number))
            for number, name in enumerate(CONTENDERS)
        }
        cookies = {name: log_in(one.port, database) for name, one in servers.items()}
        kind = "prefork, 2 workers" if workers else "threaded"
        for connections in (1, 8):
            contenders = {
                name: functools.partial(load, one.port, cookies[name], connections, REQUESTS)
                for name, one in servers.items()
            }
            began = {name: one.processor_seconds() for name, one in servers.items()}
            title = f"light requests, {kind}, {connections} connections"
            compare(title, contenders, REQUESTS, rounds=SERVER_ROUNDS)
            for name, one in servers.items():
                # and once before the rounds
                spent = (one.processor_seconds() - began[name]) / REQUESTS / (SERVER_ROUNDS + 1)
                print(f"  {name:<34} {1000 * spent:9.2f} ms of processor time each")


@contextmanager
def server(database: str, workers: int, with_redis: int) -> Iterator[Server]:
    # the second port is bound late: another server needs ports further on
    port, gevent_port = free_ports(28169 + 20 * with_redis, 2)
    environment = dict(os.environ)  # noqa: TID251  # of a child
    environment["ODOO_SESSION_REDIS"] = "1" if with_redis else "0"
    # metrics count requests to Redis, and have their own benchmark
    environment["ODOO_PROMETHEUS"] = environment["ODOO_STATSD"] = "0"
    # the platform lets no server of production serve with sessions in files
    environment["ODOO_CLOUD_PLATFORM_UNSAFE"] = "1"
    command = Stack().odoo.command(
        *("-d", database, f"--workers={workers}", "--max-cron-threads=0", "--log-level=error"),
        *("--addons-path", option("addons_path"), "--data-dir", config["data_dir"]),
        *("--load", option("server_wide_modules"), "--http-interface=127.0.0.1"),
        *(f"--http-port={port}", f"--gevent-port={gevent_port}", f"--db-filter=^{database}$"),
    )
    with serving(command, port, environment) as process:
        yield Server(process, port)
