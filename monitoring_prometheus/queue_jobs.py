"""Jobs of OCA's ``queue_job``, where it is loaded: its runner wants it in ``--load`` too."""

import functools
import sys
import time
from collections.abc import Callable
from typing import Any

from .definitions import QUEUE_SECONDS
from .process_values import ProcessValues

MODULE = "odoo.addons.queue_job.job"


def observe(values: ProcessValues) -> bool:
    """Have each run of a job counted; say whether there is anything to observe."""
    job_class = getattr(sys.modules.get(MODULE), "Job", None)
    if job_class is None:
        return False
    job_class.perform = _observed(job_class.perform, values)
    return True


def _observed(perform: Callable[..., Any], values: ProcessValues) -> Callable[..., Any]:
    @functools.wraps(perform)
    def observed_perform(self: Any) -> Any:
        began = time.perf_counter()
        outcome = "failed"
        try:
            result = perform(self)
            outcome = "done"
            return result
        except Exception as error:
            if type(error).__name__ == "RetryableJobError":
                outcome = "retried"
            raise
        finally:
            labels = (str(self.channel), outcome)
            values.observe(QUEUE_SECONDS, labels, time.perf_counter() - began)

    return observed_perform
