# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on Swift",
    "summary": "Keeps attachments in a container of OpenStack Swift",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["base_attachment_object_storage", "cloud_base"],
    "external_dependencies": {
        "python": ["keystoneauth1", "pydantic", "python-keystoneclient", "python-swiftclient"]
    },
    "post_load": "post_load",
}
