# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "One GET a request",
    "summary": "What no session store in Redis can do without",
    "version": "1.0.0",
    "category": "Hidden",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["web"],
    "post_load": "post_load",
}
