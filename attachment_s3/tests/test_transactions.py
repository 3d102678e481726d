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
