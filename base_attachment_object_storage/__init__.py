import functools

from odoo.addons.cloud_settings.operations import Operation

from . import commit_gate, hooks, models, store_guard
from .store import ObjectStore

# Here and not in ``post_load``: Odoo never calls the ``post_load`` of an addon that
# another server-wide addon has imported first.
hooks.delegate_streams()
commit_gate.guard_commits()
ObjectStore.measured = functools.partial(Operation, "object_store")
ObjectStore.contact = store_guard.contact
