"""Attachments on the real server."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.base_attachment_object_storage.tests.contracts.binary_field import (
    BinaryFieldContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.outage import (
    AttachmentOutageContract,
    MoveOutageContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.read_only import ReadOnlyContract
from odoo.addons.base_attachment_object_storage.tests.contracts.registration import (
    RegistrationContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.uninstall import UninstallContract

from .common import S3SetUp


@tagged("post_install", "-at_install")
class TestRegistration(S3SetUp, RegistrationContract, TransactionCase):
    """The unchanged addon, with the settings of the environment."""

    def test_s3_takes_and_gives_attachments(self):
        self.assert_takes_and_gives(self.settings.bucket_for(self.env.cr.dbname))


@tagged("post_install", "-at_install")
class TestUninstall(S3SetUp, UninstallContract, TransactionCase):
    addon = "attachment_s3"


@tagged("post_install", "-at_install")
class TestAttachment(S3SetUp, AttachmentOutageContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestBinaryField(S3SetUp, BinaryFieldContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestMove(S3SetUp, MoveOutageContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestReadOnly(S3SetUp, ReadOnlyContract, TransactionCase):
    pass
