"""Downloads over HTTP beside core's file store, the raw client, and figures to reach.

A separate threaded server sends the files; clients read and forget them. The memory of the
server is the highest while they read, less the memory before.
"""

import hashlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from odoo.tools import config

from dev.process import free_ports
from dev.services.nginx import Nginx
from dev.stack import Stack

from .rounds import Summary
from .servers import option, serving

MB = 1_000_000
PARAMETER = "ir_attachment.storage.serving"
MEMORY = ((100, 1, 20), (100, 8, 50), (1000, 1, 20), (1000, 8, 50))  # MB, clients, MiB at most
ROUNDS = 11


def downloading(bench: Any) -> None:
    """Print what a download costs by each way of serving."""
    with server(bench.registry.db_name) as (port, process), nginx(bench, port) as front:
        odoo = f"http://127.0.0.1:{port}"
        small, local = new_file(bench, 1, "s3"), new_file(bench, 1, "file")
        for path in (small, local):
            read(odoo + path)
        serve(bench, "stream")
        one_megabyte(bench, odoo, small, local)
        hundred_megabytes(bench, odoo)
        memory(bench, odoo, process.pid)
        serve(bench, "redirect")
        rates(
            "redirect of 1 MB (the answer of Odoo alone)",
            lambda: read(odoo + local),
            lambda: read(odoo + small, expected=" 302 "),
        )
        serve(bench, "x-accel")
        rates(
            "X-Accel of 1 MB (the answer of Odoo alone)",
            lambda: read(odoo + local),
            lambda: read(odoo + small, "X-Accel-Object: 1\r\n", "X-Accel-Redirect:"),
        )
        rates(
            "the same through nginx, which gets it from the store",
            lambda: read(front + local),
            lambda: read(front + small),
            least=None,
        )
        serve(bench, "stream")


def one_megabyte(bench: Any, odoo: str, small: str, local: str) -> None:
    key = key_of(bench, small)
    seconds = in_turns(
        20,
        lambda: read(odoo + local),
        lambda: raw_get(bench, key),
        lambda: read(odoo + small),
    )
    ratio = Summary.of([(core + raw) / ours for core, raw, ours in seconds])
    rate = Summary.of([1 / ours for _core, _raw, ours in seconds])
    figure("1 MB, stream", f"{rate.median:.0f} requests a second")
    target("against core's time and the raw client's", ratio, 0.9)


def hundred_megabytes(bench: Any, odoo: str) -> None:
    path = new_file(bench, 100, "s3")
    key = key_of(bench, path)
    raw_bodies: list[float] = []
    own_bodies: list[float] = []
    seconds = in_turns(
        1,
        lambda: raw_bodies.append(raw_get(bench, key)),
        lambda: own_bodies.append(read(odoo + path)),
    )
    rate = Summary.of([100 / ours for _raw, ours in seconds])
    figure("100 MB, stream", f"{rate.median:.0f} MB a second")
    target("against the raw client", Summary.of([raw / ours for raw, ours in seconds]), 0.8)
    bodies = zip(raw_bodies, own_bodies, strict=True)
    target("the same from the first byte on", Summary.of([a / b for a, b in bodies]), None)


def rates(
    title: str,
    core: Callable[[], object],
    ours: Callable[[], object],
    least: float | None = 1,
) -> None:
    seconds = in_turns(20, core, ours)
    rate = Summary.of([1 / own for _core, own in seconds])
    figure(title, f"{rate.median:.0f} requests a second")
    target("against core's file store", Summary.of([a / b for a, b in seconds]), least)


def memory(bench: Any, odoo: str, pid: int) -> None:
    for size, clients, limit in MEMORY:
        path = new_file(bench, size, "s3")
        before = peak(pid, reset=True)
        threads = [threading.Thread(target=read, args=(odoo + path,)) for _n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        growth = peak(pid) - before
        verdict = "reached" if growth <= limit else "MISSED"
        title = f"memory, {size} MB to {clients}"
        figure(title, f"{growth:5.1f} MiB (target: at most {limit}: {verdict})")


def peak(pid: int, reset: bool = False) -> float:
    """Return the highest memory of a process in MiB, since the last ``reset``."""
    if reset:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_turns(repeat: int, *contenders: Callable[[], object]) -> list[tuple[float, ...]]:
    """Return the seconds of each contender, a tuple a round."""
    rounds = []
    for turn in range(ROUNDS):
        seconds = [0.0] * len(contenders)
        for number in range(len(contenders)):
            number = (number + turn) % len(contenders)
            began = time.perf_counter()
            for _time in range(repeat):
                contenders[number]()
            seconds[number] = (time.perf_counter() - began) / repeat
        rounds.append(tuple(seconds))
    return rounds


def figure(title: str, text: str) -> None:
    print(f"  {title:<46} {text}", flush=True)


def target(title: str, ratio: Summary, least: float | None) -> None:
    text = f"{ratio.median:.2f} ({ratio.low:.2f} … {ratio.high:.2f})"
    if least is not None:
        verdict = "reached" if ratio.median >= least else "MISSED"
        text += f" (target: {least} or more: {verdict})"
    figure(f"  {title}", text)


def new_file(bench: Any, megabytes: int, location: str) -> str:
    """Create a public attachment that is never in this process's memory; return its path."""
    part = os.urandom(MB)
    with tempfile.TemporaryFile() as file, bench.registry.cursor() as cursor:
        digest = hashlib.sha1(usedforsecurity=False)
        for _number in range(megabytes):
            file.write(part)
            digest.update(part)
        file.seek(0)
        name = digest.hexdigest()
        attachments = bench.environment(cursor)["ir.attachment"]
        if location == "file":
            fname = f"{name[:2]}/{name}"
            path = Path(attachments._filestore()) / fname
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read())
        else:
            key = f"bench/{name}"
            attachments._get_object_store("s3").put(key, file)
            fname = f"s3://{bench.bucket}/{key}"
        cursor.execute(
            "INSERT INTO ir_attachment"
            " (name, type, store_fname, checksum, file_size, mimetype, public)"
            " VALUES ('bench.pdf', 'binary', %s, %s, %s, 'application/pdf', TRUE) RETURNING id",
            (fname, name, megabytes * MB),
        )
        return f"/web/content/{cursor.fetchone()[0]}"


def key_of(bench: Any, path: str) -> str:
    """Return the key of an attachment's object."""
    with bench.registry.cursor() as cursor:
        attachments = bench.environment(cursor)["ir.attachment"]
        fname: str = attachments.browse(int(path.rpartition("/")[2])).store_fname
    return fname.partition(f"{bench.bucket}/")[2]


def raw_get(bench: Any, key: str) -> float:
    """Read and forget an object; return the seconds from the head of the answer on."""
    body = bench.client.get_object(Bucket=bench.bucket, Key=key)["Body"]
    began = time.perf_counter()
    for _chunk in body.iter_chunks(128 * 1024):
        pass
    return time.perf_counter() - began


def read(url: str, more_headers: str = "", expected: str = " 200 ") -> float:
    """Download and forget; a raw socket, so that the client costs next to nothing.

    :param more_headers: a line each, as nginx sends them
    :param expected: a text in the head of the answer
    :return: seconds from the first byte on
    """
    parts = urlsplit(url)
    buffer = bytearray(256 * 1024)
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=300) as client:
        lines = f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n{more_headers}\r\n"
        client.sendall(lines.encode())
        size = client.recv_into(buffer)
        began = time.perf_counter()
        if expected.encode() not in bytes(buffer[:4096]):
            raise RuntimeError(f"{url}: {bytes(buffer[:4096])!r}")
        while size:
            size = client.recv_into(buffer)
    return time.perf_counter() - began


def serve(bench: Any, how: str) -> None:
    with bench.registry.cursor() as cursor:
        bench.environment(cursor)["ir.config_parameter"].set_param(PARAMETER, how)
    bench.registry.signal_changes()


@contextmanager
def nginx(bench: Any, port: int) -> Iterator[str]:
    front = Nginx(Path(config["data_dir"]) / "nginx")
    front.start(28390, [port], [port], [bench.settings.endpoint])
    try:
        yield front.url
    finally:
        front.stop()


@contextmanager
def server(database: str) -> Iterator[tuple[int, Any]]:
    port, gevent_port = free_ports(28360, 2)
    addons, load = (option(name) for name in ("addons_path", "server_wide_modules"))
    command = Stack().odoo.command(
        *("-d", database, "--workers=0", "--max-cron-threads=0", "--log-level=error"),
        *("--addons-path", addons, "--data-dir", config["data_dir"], "--load", load),
        # no --db-filter: core would list the databases for each visitor without a session
        *("--http-interface=127.0.0.1", f"--http-port={port}", f"--gevent-port={gevent_port}"),
    )
    with serving(command, port) as process:
        yield port, process
