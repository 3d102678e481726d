# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on Object Storage",
    "summary": "Common parts of the object stores for attachments",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["base", "cloud_base"],
    "excludes": ["attachment_db_by_checksum"],
    "external_dependencies": {"python": ["pydantic"]},
    "data": ["security/ir.model.access.csv", "data/ir_cron.xml"],
}
