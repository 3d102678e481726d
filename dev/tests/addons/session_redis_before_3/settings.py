"""The variables of releases before 3.0; this front-end needs all four."""

import os

HOST = os.environ["ODOO_SESSION_REDIS_HOST"]
PORT = int(os.environ["ODOO_SESSION_REDIS_PORT"])
PASSWORD = os.environ["ODOO_SESSION_REDIS_PASSWORD"]
PREFIX = os.environ["ODOO_SESSION_REDIS_PREFIX"]
