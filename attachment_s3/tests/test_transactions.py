"""Transactions, collection, ownership and reconcile on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.transaction_contract import (
    CollectionContract,
    OwnershipContract,
    ReconcileContract,
    UploadContract,
)

from .common import S3SetUp


@tagged("post_install", "-at_install")
class TestUploads(S3SetUp, UploadContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCollection(S3SetUp, CollectionContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestOwnership(S3SetUp, OwnershipContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestReconcile(S3SetUp, ReconcileContract, TransactionCase):
    pass
