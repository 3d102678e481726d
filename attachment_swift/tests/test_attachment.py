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

from .common import SwiftSetUp


@tagged("post_install", "-at_install")
class TestRegistration(SwiftSetUp, RegistrationContract, TransactionCase):
    """The unchanged addon, with the settings of the environment."""

    def test_swift_takes_and_gives_attachments(self):
        self.assert_takes_and_gives(self.settings.container_for(self.env.cr.dbname))


@tagged("post_install", "-at_install")
class TestUninstall(SwiftSetUp, UninstallContract, TransactionCase):
    addon = "attachment_swift"


@tagged("post_install", "-at_install")
class TestAttachment(SwiftSetUp, AttachmentOutageContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestBinaryField(SwiftSetUp, BinaryFieldContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestMove(SwiftSetUp, MoveOutageContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestReadOnly(SwiftSetUp, ReadOnlyContract, TransactionCase):
    pass
