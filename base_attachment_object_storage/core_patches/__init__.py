"""Patches of Odoo's core."""
