# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on S3",
    "summary": "Keeps attachments in an S3 bucket",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["base_attachment_object_storage", "cloud_base"],
    "external_dependencies": {"python": ["boto3", "pydantic"]},
    "post_load": "post_load",
}
