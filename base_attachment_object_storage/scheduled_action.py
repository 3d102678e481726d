"""Parts of the scheduled actions that do long work slice by slice."""

from typing import Any

SLICE_SECONDS = 45  # well below the time that a worker has for a scheduled action


def repeat_for_ever(cron: Any) -> None:
    """Let a scheduled action run as often as it is due.

    17.0 runs an action once and switches it off, unless it is told; the field is gone from
    18.0 on.
    """
    if "numbercall" in cron._fields:
        cron.write({"numbercall": -1, "doall": False})
