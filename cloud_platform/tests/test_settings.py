from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.settings import StorageSettings
from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import PlatformSettings


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = PlatformSettings


@tagged("-at_install", "post_install")
class TestRulesOfStorage(SettingsContract, BaseCase):
    settings_class = StorageSettings
