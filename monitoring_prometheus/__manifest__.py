# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Monitoring: Prometheus Metrics",
    "summary": "Metrics of all workers for Prometheus, with a dashboard and alert rules",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["cloud_base"],
    "external_dependencies": {"python": ["prometheus_client", "pydantic"]},
    "post_load": "post_load",
}
