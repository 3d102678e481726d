# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "One GET a request",
    "summary": "The least work of a session store in Redis",
    "version": "1.0.0",
    "category": "Hidden",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["web"],
    "post_load": "post_load",
}
