# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on Swift",
    "summary": "Keeps attachments in a container of OpenStack Swift",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["base_attachment_object_storage", "cloud_settings"],
    "external_dependencies": {
        "python": ["keystoneauth1", "pydantic-settings", "python-swiftclient"],
    },
    "post_load": "post_load",
}
