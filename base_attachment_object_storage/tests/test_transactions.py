"""Transactions, collection, ownership and reconcile on a local directory."""

import tempfile
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from ..store.testing import DirectoryStore
from .contracts.collection import CollectionContract
from .contracts.commit import CommitContract
from .contracts.ownership import OwnershipContract
from .contracts.reconcile import ReconcileContract
from .contracts.spill import SpillCommitContract
from .contracts.upload import UploadContract


class DirectorySetUp:
    scheme = "directory"
    other_container = "other"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.make_store().create_container()
        super().setUp()

    def make_store(self, container=None):
        return DirectoryStore(self.root, container or "main")


@tagged("post_install", "-at_install")
class TestUploads(DirectorySetUp, UploadContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCommits(DirectorySetUp, CommitContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCollection(DirectorySetUp, CollectionContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestOwnership(DirectorySetUp, OwnershipContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestReconcile(DirectorySetUp, ReconcileContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestSpilledCommits(DirectorySetUp, SpillCommitContract, TransactionCase):
    pass
