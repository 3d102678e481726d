# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Attachments on Object Storage",
    "summary": "What every object store for attachments shares",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["base", "cloud_settings"],
    "external_dependencies": {"python": ["pydantic-settings"]},
    "data": ["security/ir.model.access.csv", "data/ir_cron.xml"],
}
