# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Base",
    "summary": "Settings from the environment, start-up checks, events, circuit breakers",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["base"],
    "external_dependencies": {"python": ["pydantic", "pydantic-settings"]},
}
