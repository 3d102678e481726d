# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Monitoring: Prometheus Metrics",
    "summary": "Metrics of all workers for Prometheus, with a dashboard and alert rules",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["cloud_settings"],
    "external_dependencies": {"python": ["prometheus_client"]},
    "post_load": "post_load",
}
