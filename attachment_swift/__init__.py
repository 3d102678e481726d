from . import hooks, models
from .hooks import post_load

# Here and not in ``post_load``, which Odoo does not call for an addon that another one imports
hooks.serve_swift_before_loaded()
