# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on S3",
    "summary": "Keeps attachments in an S3 bucket",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["base_attachment_object_storage", "cloud_settings"],
    "external_dependencies": {"python": ["boto3", "pydantic-settings"]},
    "post_load": "post_load",
}
