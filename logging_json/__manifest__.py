# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Logs as JSON",
    "summary": "One JSON object a line, with request ids, timings and no secrets",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["cloud_settings"],
    "external_dependencies": {"python": ["python-json-logger"]},
    "post_load": "post_load",
}
