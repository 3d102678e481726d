"""Support for tests of platforms."""

from concurrent.futures import ThreadPoolExecutor

from odoo.tools import config


def set_running_env(case, name):
    """Set the running environment until the end of a test."""
    case.addCleanup(config.__setitem__, "running_env", config["running_env"])
    config["running_env"] = name


def probe_at_once(remote_store, store, database, front_ends=8, times=10):
    """Probe a store like front-ends that start at the same time.

    :raises StoreError: the first that a probe raised
    """

    def probe(_number):
        remote_store.ask(store, database, True)

    with ThreadPoolExecutor(front_ends) as threads:
        list(threads.map(probe, range(front_ends * times)))
