# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Platform Swift",
    "summary": "The cloud platform with attachments in Swift",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["attachment_swift", "cloud_platform"],
}
