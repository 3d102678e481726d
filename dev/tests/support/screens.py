"""Draws the dashboards from the data of Prometheus and Graphite on two servers under load.

Grafana is not a package of Debian. So each panel is drawn here: in its place, with its own
queries, legend and unit, from the sources that Grafana asks.
"""

import json
import math
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import dates, pyplot, ticker
from PIL import Image

from dev.instance import Instance
from dev.settings import REPOSITORY
from dev.stack import Stack

from .metered import FLUSH_SECONDS, Metered, metered, panel_query

ROUNDS = 60
ROUND_SECONDS = 4
SETTLED_SECONDS = 8
RATE_SECONDS = 30
STEP_SECONDS = 4

# the most requests of a round
LOAD = {"page": 6, "static": 8, "button": 4, "upload": 2, "health": 2}

COLUMNS = 24  # of a dashboard's grid
INCHES_A_COLUMN, INCHES_A_ROW = 0.46, 0.21
COLOURS = 96

# of a panel: those with the greatest values have a legend
LEGENDS = 6
NAME_LENGTH = 32

UNITS: dict[str, Callable[[], Any]] = {
    "s": lambda: ticker.EngFormatter("s"),
    "bytes": lambda: ticker.EngFormatter("B"),
    "Bps": lambda: ticker.EngFormatter("B/s"),
    "ms": lambda: ticker.FormatStrFormatter("%g ms"),
    "reqps": lambda: ticker.FormatStrFormatter("%g req/s"),
    "ops": lambda: ticker.FormatStrFormatter("%g /s"),
    "percentunit": lambda: ticker.PercentFormatter(1),
    "none": lambda: ticker.FormatStrFormatter("%g"),
}

# of a legend: {{name}}
LABEL = re.compile(r"{{(\w+)}}")

Line = tuple[str, list[float], list[float]]


@dataclass
class Shown:
    """The servers' sources of data, and the time that is shown."""

    servers: Metered
    begin: float
    end: float

    def of_prometheus(self, target: dict[str, Any]) -> Iterator[Line]:
        expression = panel_query(target["expr"], RATE_SECONDS)
        found = self.servers.prometheus.query_range(expression, self.begin, self.end, STEP_SECONDS)
        for labels, points in found:
            legend = LABEL.sub(r"{\1}", target["legendFormat"])
            name = legend.format_map(defaultdict(str, labels))
            yield name, [at for at, _value in points], [value for _at, value in points]

    def of_graphite(self, target: dict[str, Any]) -> Iterator[Line]:
        query = panel_query(target["target"])
        for name, points in self.servers.graphite.points(query, self.begin, self.end).items():
            times, values = [self.begin], [math.nan]
            for at, value in points:
                if at - times[-1] > 2 * FLUSH_SECONDS:
                    # StatsD has no values of events that did not happen
                    times.append(at)
                    values.append(math.nan)
                times.append(at)
                values.append(value)
            yield name, times, values


def drive(servers: Metered) -> None:
    """Send requests in waves, with a scan of random URLs, errors and failing jobs."""
    servers.prepare()
    for number in range(ROUNDS):
        began = time.monotonic()
        wave = 0.6 - 0.4 * math.cos(2 * math.pi * number / 25)
        for what, times in LOAD.items():
            servers.ask(what, max(1, round(times * wave)))
        if number % 12 == 5:
            servers.run_actions(1)
        if 20 <= number < 24:
            servers.ask("scan", 20)
        if 35 <= number < 40:
            servers.ask("error", 3)
            servers.ask("unreadable", 2)
            servers.ask("missing", 2)
        time.sleep(max(0.0, ROUND_SECONDS + began - time.monotonic()))


def draw(
    dashboard: Path, shown: Shown, lines_of: Callable[[dict[str, Any]], Iterator[Line]]
) -> None:
    """Draw all panels of a dashboard into a picture beside its addon's description."""
    panels = json.loads(dashboard.read_text())["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    size = (COLUMNS * INCHES_A_COLUMN, rows * INCHES_A_ROW)
    figure = pyplot.figure(figsize=size, dpi=100)
    for panel in panels:
        place = panel["gridPos"]
        left, top = place["x"] / COLUMNS, 1 - place["y"] / rows
        if panel["type"] == "row":
            figure.text(left + 0.01, top - 0.7 / rows, panel["title"], weight="bold", size=9)
            continue
        axes = figure.add_axes(
            (
                left + 1.7 / COLUMNS,
                top - (place["h"] - 2.6) / rows,
                (place["w"] - 2.1) / COLUMNS,
                (place["h"] - 4.0) / rows,
            )
        )
        lines = [line for target in panel["targets"] for line in lines_of(target)]
        axes.set_xlim(datetime.fromtimestamp(shown.begin), datetime.fromtimestamp(shown.end))
        draw_panel(axes, panel, sorted(lines, key=greatest, reverse=True))
    write(figure, dashboard)


def draw_panel(axes: Any, panel: dict[str, Any], lines: list[Line]) -> None:
    axes.set_title(panel["title"], loc="left", size=8)
    if panel["type"] == "stat":
        value = f"{lines[0][2][-1]:g}"
        axes.text(0.5, 0.5, value, size=26, ha="center", transform=axes.transAxes)
        axes.axis("off")
        return
    for number, (name, times, values) in enumerate(lines):
        label = name[:NAME_LENGTH] if number < LEGENDS else None
        moments = [datetime.fromtimestamp(at) for at in times]
        axes.plot(moments, values, label=label, linewidth=1, marker=".", markersize=1.5)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    axes.yaxis.set_major_formatter(UNITS[unit]())
    axes.yaxis.set_major_locator(ticker.MaxNLocator(4))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
    axes.xaxis.set_major_locator(dates.MinuteLocator())
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.3)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.16), ncols=3, fontsize=5.5, frameon=False
    )


def greatest(line: Line) -> float:
    return max((value for value in line[2] if not math.isnan(value)), default=0.0)


def write(figure: Any, dashboard: Path) -> None:
    folder = dashboard.parents[1] / "static" / "description"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dashboard.png"
    figure.savefig(path)
    with Image.open(path) as picture:
        method = Image.Quantize.MAXCOVERAGE
        picture.convert("RGB").quantize(COLOURS, method).save(path, optimize=True)
    print(f"{path.relative_to(REPOSITORY)}: {path.stat().st_size // 1000} kB", flush=True)


def main() -> None:
    matplotlib.use("agg")
    stack = Stack()
    instance = Instance(stack, "screens")
    with stack.lock("lock-of-screens"), tempfile.TemporaryDirectory() as folder:
        instance.remove()
        instance.prepare()
        try:
            with metered(instance, Path(folder)) as servers:
                begin = time.time()
                drive(servers)
                time.sleep(SETTLED_SECONDS)
                shown = Shown(servers, begin, time.time())
                for addon, lines_of in (
                    ("monitoring_prometheus", shown.of_prometheus),
                    ("monitoring_statsd", shown.of_graphite),
                ):
                    draw(REPOSITORY / addon / "dashboards" / "odoo.json", shown, lines_of)
        finally:
            instance.remove()


main()
