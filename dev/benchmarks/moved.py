"""Moving mixed files to the store and back, beside the raw client with as many threads.

Every round has new content, so that nothing is in the store or on the disk already. The raw
client does what cannot be avoided: it reads local files and puts them, gets objects and
writes local files; it looks at no checksum and has no rows.
"""

import hashlib
import os
import random
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from .rounds import Summary

FILES = 2000
ROUNDS = 6
THREADS = 16
# percentage of the files by size (bytes)
MIX = ((80, 10_000), (18, 100_000), (2, 1_000_000))
SIZES = [size for share, size in MIX for _n in range(FILES * share // 100)]


def moving(bench: Any, latencies: tuple[float, ...]) -> None:
    with bench.registry.cursor() as cursor:
        # files of the addons themselves are not moved
        cursor.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        bench.environment(cursor)["ir.attachment"].invalidate_model()
        root = Path(bench.environment(cursor)["ir.attachment"]._filestore())
    for latency in latencies:
        with bench.through_proxy(latency) if latency else nullcontext():
            there: list[Any] = []
            back: list[Any] = []
            for turn in range(ROUNDS):
                one_round(bench, root, turn, there, back)
        size = sum(SIZES) / 1e6
        print(f"\nMoving {FILES} files, {size:.0f} MB, {2000 * latency:.0f} ms latency")
        for title, pairs in (("to the store", there), ("and back", back)):
            ratio = Summary.of([raw / ours for ours, raw in pairs])
            rate = Summary.of([FILES / ours for ours, _raw in pairs])
            print(
                f"  {title:<14} {rate.median:6.0f} files a second; against raw boto3 with "
                f"{THREADS} threads: {ratio.median:.2f} ({ratio.low:.2f} … {ratio.high:.2f})"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of the process: {peak:.0f} MiB")


def one_round(bench: Any, root: Path, turn: int, there: list[Any], back: list[Any]) -> None:
    ours, raw = new_files(root), new_files(root / "raw")
    insert_rows(bench, ours)
    pool = ThreadPoolExecutor(THREADS)

    def put(name: str) -> None:
        content = (root / "raw" / name).read_bytes()
        bench.client.put_object(Bucket=bench.bucket, Key=f"raw/{name}", Body=content)

    def get(name: str) -> None:
        answer = bench.client.get_object(Bucket=bench.bucket, Key=f"raw/{name}")
        (root / "raw" / name).write_bytes(answer["Body"].read())

    for figures, location, work in ((there, "s3", put), (back, "file", get)):
        contenders: list[Callable[[], object]] = [
            partial(move, bench, location),
            partial(do_all, pool, work, raw),
        ]
        if location == "file":
            for folder, names in ((root, ours), (root / "raw", raw)):
                for name in names:
                    (folder / name).unlink()
        seconds = [0.0, 0.0]
        for number in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            contenders[number]()
            seconds[number] = time.perf_counter() - began
        figures.append(tuple(seconds))
    pool.shutdown()
    with bench.registry.cursor() as cursor:
        cursor.execute("DELETE FROM ir_attachment WHERE name = 'moved by the benchmark'")


def do_all(pool: ThreadPoolExecutor, work: Callable[[str], None], names: dict[str, int]) -> None:
    for _done in pool.map(work, names):
        pass


def move(bench: Any, location: str) -> None:
    with bench.registry.cursor() as cursor:
        attachments = bench.environment(cursor)["ir.attachment"]
        report = attachments.with_context(storage_location=location)._move()
    if report.moved != FILES or report.failed:
        raise RuntimeError(str(report))


def new_files(root: Path) -> dict[str, int]:
    """Write files of random content, named as core names them."""
    names = {}
    for size in random.sample(SIZES, len(SIZES)):
        content = os.urandom(size)
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        path = root / digest[:2] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names[f"{digest[:2]}/{digest}"] = size
    return names


def insert_rows(bench: Any, names: dict[str, int]) -> None:
    with bench.registry.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ir_attachment (name, type, store_fname, checksum, file_size, mimetype)"
            " SELECT 'moved by the benchmark', 'binary', name, substring(name from 4), size,"
            " 'application/octet-stream' FROM unnest(%s, %s) AS file (name, size)",
            (list(names), list(names.values())),
        )
