# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Jobs of tests",
    "summary": "Jobs of queue_job that succeed, fail, are retried or collide",
    "version": "3.0.0",
    "author": "Odoo Cloud Platform contributors",
    "license": "AGPL-3",
    "depends": ["queue_job"],
}
