from . import hooks, models

# Here and not in ``post_load``: Odoo never calls the ``post_load`` of an addon that
# another server-wide addon has imported first.
hooks.delegate_streams()
