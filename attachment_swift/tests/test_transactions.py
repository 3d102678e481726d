"""Transactions, collection, ownership and reconcile on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.collection_contract import (
    CollectionContract,
)
from odoo.addons.base_attachment_object_storage.tests.commit_contract import CommitContract
from odoo.addons.base_attachment_object_storage.tests.ownership_contract import (
    OwnershipContract,
)
from odoo.addons.base_attachment_object_storage.tests.reconcile_contract import (
    ReconcileContract,
)
from odoo.addons.base_attachment_object_storage.tests.upload_contract import UploadContract

from .common import SwiftSetUp


@tagged("post_install", "-at_install")
class TestUploads(SwiftSetUp, UploadContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCommits(SwiftSetUp, CommitContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCollection(SwiftSetUp, CollectionContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestOwnership(SwiftSetUp, OwnershipContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestReconcile(SwiftSetUp, ReconcileContract, TransactionCase):
    pass
