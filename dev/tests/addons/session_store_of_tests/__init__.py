"""Has core's HTTP tests keep their sessions where the server keeps them.

``test_http`` replaces the session store by a dictionary in memory, whose sessions are the very
objects of the server: with it, every store passes. Here the class of that dictionary gives the
server's own store instead, of core's files or of Redis. It must be after ``session_redis`` in
``--load``.
"""

import importlib
import shutil
from pathlib import Path

from odoo import http


def post_load():
    """Replace the dictionary before the tests import it."""
    importlib.import_module("odoo.addons.test_http.utils").MemorySessionStore = store_of_server


def store_of_server(session_class=None):
    store = http.root.session_store
    # the tests clear it before each of them
    store.store = Sessions(store)
    return store


class Sessions:
    """All sessions of a store."""

    def __init__(self, store):
        self._store = store

    def clear(self):
        if not hasattr(self._store, "keys"):
            for folder in Path(self._store.path).iterdir():
                shutil.rmtree(folder)
            return
        for sid in self._store.list():
            self._store.delete(self._store.session_class({}, sid))
