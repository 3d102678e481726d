"""The check of the settings at a serving start."""

from odoo.addons.cloud_settings.hooks import before_serving

from .settings import S3Settings


def post_load() -> None:
    """Have a server that is started with ``--load=...,attachment_s3`` check its settings."""
    before_serving(S3Settings.mistakes)
