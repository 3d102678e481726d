import functools

from odoo.addons.cloud_base.events.operations import OBJECT_STORE, Operation

from . import hooks, models, store_guard
from .core_patches import client_context
from .store import ObjectStore
from .upload import commit_gate

# Here and not in ``post_load``: Odoo never calls the ``post_load`` of an addon that
# another server-wide addon has imported first.
hooks.delegate_streams()
commit_gate.guard_commits()
client_context.guard_environments()
ObjectStore.instrument(functools.partial(Operation, OBJECT_STORE), store_guard.contact)
