# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Sessions in Redis before 3.0",
    "summary": "Keeps sessions in Redis as releases of session_redis before 3.0 did",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["web"],
    "post_load": "post_load",
}
