# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Held requests of tests",
    "summary": "A request that changes its session and waits",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["base"],
}
