"""The costs of a log line as JSON, beside Odoo's own text.

plain()         a message with arguments, within a request: at most 1.4 times the text
exception()     the same with an exception of 30 frames: at most 1.2 times

Both write into a file, like a server with ``--logfile``. The standard library's encoder is
measured as well, which is there for hosts without orjson.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable

from odoo import netsvc

from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.logging_json.context import Context, begin_request, end_request
from odoo.addons.logging_json.formatter import OdooJsonFormatter

from .rounds import Summary

LINES = 2000
ROUNDS = 21
FRAMES = 30
TEXT = "%(asctime)s %(pid)s %(levelname)s %(dbname)s %(name)s: %(message)s %(perf_info)s"
Write = Callable[[logging.Logger], None]
ENVIRON = {"REQUEST_METHOD": "POST", "PATH_INFO": "/web/dataset/call_kw/res.partner/web_read"}


def main() -> None:
    request = ServedRequest(ENVIRON)
    begin_request(Context("5b5dce0ae83a4b1f9d2d2d0b8f3a4d7c", request))
    try:
        compared("a line", plain, LINES, target=1.4)
        compared(f"a line with an exception of {FRAMES} frames", exception, LINES // 8, target=1.2)
    finally:
        end_request(request)


def compared(title: str, write: Write, lines: int, target: float) -> None:
    # 19.0 has no own formatter, its records know their database
    text = getattr(netsvc, "DBFormatter", logging.Formatter)(TEXT)
    formatters = {
        "text": text,
        "JSON, orjson": OdooJsonFormatter(),
        "JSON, standard library": OdooJsonFormatter(use_orjson=False),
        "JSON, schema ecs": OdooJsonFormatter("ecs"),
        "JSON, schema otel": OdooJsonFormatter("otel"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in formatters}
    names = list(formatters)
    for turn in range(ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds[name].append(timed(formatters[name], write, lines))
    print(f"\n{title}: {lines} lines a round, {ROUNDS} rounds")
    print(f"  {'':<26} {'µs each':>9} {'95 % interval':>19} {'to text':>8} {'95 % interval':>15}")
    for name, figures in seconds.items():
        each = Summary.of([1e6 * figure / lines for figure in figures])
        pairs = zip(figures, seconds["text"], strict=True)
        ratio = Summary.of([figure / text for figure, text in pairs])
        print(
            f"  {name:<26} {each.median:9.2f} {each.low:9.2f} …{each.high:8.2f} "
            f"{ratio.median:8.2f} {ratio.low:7.2f} …{ratio.high:6.2f}"
            + (f"   (target: {target} at most)" if name != "text" else "")
        )


def timed(formatter: logging.Formatter, write: Write, lines: int) -> float:
    logger = logging.Logger("odoo.addons.bench.models.partner", logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        handler = netsvc.WatchedFileHandler(os.path.join(folder, "log"))
        handler.setFormatter(formatter)
        logger.addHandler(handler)
        began = time.perf_counter()
        for _number in range(lines):
            write(logger)
        seconds = time.perf_counter() - began
        handler.close()
    return seconds


def plain(logger: logging.Logger) -> None:
    logger.info("Job %r (%s) done in %.3fs, %s records", "Mail: Email Queue Manager", 3, 0.1, 345)


def exception(logger: logging.Logger) -> None:
    try:
        fail(FRAMES)
    except KeyError:
        logger.exception("Job %r (%s) server action #%s failed", "Mail: Queue", 3, 12)


def fail(frames: int) -> None:
    if frames:
        fail(frames - 1)
    raise KeyError("res.partner.of.another.addon")
