"""Transactions, collection, ownership and reconcile on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.collection import (
    CollectionContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.commit import CommitContract
from odoo.addons.base_attachment_object_storage.tests.contracts.ownership import OwnershipContract
from odoo.addons.base_attachment_object_storage.tests.contracts.reconcile import ReconcileContract
from odoo.addons.base_attachment_object_storage.tests.contracts.upload import UploadContract

from .common import S3SetUp


@tagged("post_install", "-at_install")
class TestUploads(S3SetUp, UploadContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestCommits(S3SetUp, CommitContract, TransactionCase):
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
