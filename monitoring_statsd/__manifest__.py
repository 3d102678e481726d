# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Monitoring: StatsD Metrics",
    "summary": "Timers and counters for StatsD, with a dashboard",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["cloud_settings", "server_environment"],
    "external_dependencies": {"python": ["statsd"]},
    "post_load": "post_load",
}
