"""The sub-commands of ``odoo cloud_platform``."""
