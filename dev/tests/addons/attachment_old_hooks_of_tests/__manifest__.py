# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachment backend with the old hooks",
    "summary": "A third party's store, written for the old suite, and its tests",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["base_attachment_object_storage"],
}
