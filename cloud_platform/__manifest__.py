# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Platform",
    "summary": "Install the cloud addons with one call, and refuse wrong settings at start",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": [
        "base_attachment_object_storage",
        "cloud_settings",
        "server_environment",
        "session_redis",
        "web",
    ],
    "data": ["views/page.xml"],
    "post_load": "post_load",
    "assets": {"web.assets_backend": ["cloud_platform/static/src/*"]},
}
