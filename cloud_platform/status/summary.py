"""The status document in short, for people at a terminal."""

from collections.abc import Mapping
from typing import Any

KEYS = (
    *("environment", "kind", "location", "sessions", "storages", "elsewhere", "marks"),
    *("spilled", "ownership", "comparison"),
)


def summary(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that people read, with a line for each service, check and server."""
    return {
        **{key: document[key] for key in KEYS},
        "services": _lines(document["services"], "services", _service),
        "checks": _lines(document["checks"], "checks", _check),
        "servers": _lines(document["front_ends"], "servers", _server),
        "session store": document["session_store"],
    }


def usage(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage of the storages, with a line for each value of a dimension."""
    figures = document["usage"]
    if "error" in figures or "logical" not in figures:
        return {"usage": figures.get("error") or "not measured yet: a scheduled action does it"}
    names = figures["company_names"]
    companies = [
        {**row, "name": names.get(str(row["name"])) or "no company"} for row in figures["company"]
    ]
    dimensions = {**figures, "company": companies}
    return {
        **{key: figures[key] for key in ("time", "logical", "stored", "marks", "marked_objects")},
        **{
            name: [_usage(row) for row in dimensions[name]]
            for name in ("place", "model", "company", "mimetype", "age")
        },
    }


def _lines(part: Mapping[str, Any], key: str, line: Any) -> list[str]:
    return [part["error"]] if "error" in part else [line(row) for row in part[key]]


def _usage(row: Mapping[str, Any]) -> str:
    return f"{row['name'] or '-'}: {row['files']} files, {row['bytes']} bytes"


def _service(row: Mapping[str, Any]) -> str:
    duration = f", {row['milliseconds']:.1f} ms" if row["milliseconds"] is not None else ""
    problem = f" ({row['problem']})" if row["problem"] else ""
    name = f" {row['name']}" if row["name"] else ""
    return f"{row['kind']}{name}: {row['state']}{duration}{problem} since {row['since']}"


def _check(row: Mapping[str, Any]) -> str:
    return f"{row['state']}: {row['sentence']} [{row['id']}]"


def _server(row: Mapping[str, Any]) -> str:
    return f"{row['node']}: Odoo {row['odoo']}, suite {row['suite']}, last seen {row['last_seen']}"
