# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Platform",
    "summary": "Install the cloud addons with one call, and refuse wrong settings at start",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": [
        "base_attachment_object_storage",
        "base_setup",
        "cloud_base",
        "server_environment",
        "session_redis",
        "web",
    ],
    "external_dependencies": {"python": ["pydantic", "tqdm"]},
    "data": [
        "security/ir.model.access.csv",
        "data/ir_cron.xml",
        "views/page.xml",
        "views/res_config_settings.xml",
    ],
    "post_load": "post_load",
    "assets": {"web.assets_backend": ["cloud_platform/static/src/*"]},
}
