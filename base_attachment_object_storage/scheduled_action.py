"""Common parts of scheduled actions that work slice by slice."""

from typing import Any

SLICE_SECONDS = 45  # well below the time limit of a scheduled action


def repeat_for_ever(cron: Any) -> None:
    """Make a scheduled action run without an end.

    By default, 17.0 runs an action once and deactivates it. Later series have no such field.
    """
    if "numbercall" in cron._fields:
        cron.write({"numbercall": -1, "doall": False})
