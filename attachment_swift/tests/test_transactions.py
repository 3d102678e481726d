"""Transactions, collection, ownership and reconcile on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.collection import (
    CollectionContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.commit import CommitContract
from odoo.addons.base_attachment_object_storage.tests.contracts.ownership import OwnershipContract
from odoo.addons.base_attachment_object_storage.tests.contracts.reconcile import ReconcileContract
from odoo.addons.base_attachment_object_storage.tests.contracts.upload import UploadContract

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
