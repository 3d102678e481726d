# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Platform Swift",
    "summary": "The cloud platform with attachments in Swift",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["attachment_swift", "cloud_platform"],
}
