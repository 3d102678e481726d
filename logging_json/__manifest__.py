# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Logs as JSON",
    "summary": "One JSON object a line, with request ids, timings and no secrets",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["cloud_base"],
    "external_dependencies": {"python": ["orjson", "pydantic", "python-json-logger"]},
    "post_load": "post_load",
}
