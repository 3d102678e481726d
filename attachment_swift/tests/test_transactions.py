"""Transactions, collection, ownership and reconcile on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.transaction_contract import (
    CollectionContract,
    OwnershipContract,
    ReconcileContract,
    UploadContract,
)

from .common import SwiftSetUp


@tagged("post_install", "-at_install")
class TestUploads(SwiftSetUp, UploadContract, TransactionCase):
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
