from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_settings.tests.settings_contract import SettingsContract

from ..settings import LoggingSettings


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = LoggingSettings
    right = {"ODOO_LOGGING_JSON": "1"}
