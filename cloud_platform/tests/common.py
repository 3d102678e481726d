"""What tests of platforms share."""

from odoo.tools import config


def set_running_env(case, name):
    """Have a test run in an environment."""
    case.addCleanup(config.__setitem__, "running_env", config["running_env"])
    config["running_env"] = name
