# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud platform of a third party",
    "summary": "A kind of platform, written for the old suite, with a check; and its tests",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["cloud_platform", "attachment_old_hooks_of_tests"],
}
