# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Sessions in Redis",
    "summary": "Web sessions in Redis, shared by every front-end of a database",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["cloud_base"],
    "excludes": ["auth_session_timeout", "session_db"],
    "external_dependencies": {"python": ["hiredis", "pydantic", "redis"]},
    "post_load": "post_load",
}
