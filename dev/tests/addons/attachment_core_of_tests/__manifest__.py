# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments, seen from core",
    "summary": "Core's own tests, and core's readers of attachments, on any location",
    "version": "1.0.0",
    "category": "Hidden",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["attachment_s3", "attachment_swift", "mail", "test_http"],
    "post_init_hook": "create_containers",
}
