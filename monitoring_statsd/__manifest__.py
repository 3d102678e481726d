# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Monitoring: StatsD Metrics",
    "summary": "Timers and counters for StatsD, with a dashboard",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["cloud_base", "server_environment"],
    "external_dependencies": {"python": ["pydantic", "statsd"]},
    "post_load": "post_load",
}
