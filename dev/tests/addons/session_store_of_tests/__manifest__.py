# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Session store of core's tests",
    "summary": "Has core's HTTP tests keep their sessions where the server does",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["test_http"],
    "post_load": "post_load",
}
