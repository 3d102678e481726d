"""A check of the third party."""

from odoo.addons.cloud_platform.checks import WARNING, Check, register

register(
    "cloud_platform_of_tests",
    [
        Check(
            id="folder-name",
            level=WARNING,
            variable="FOLDER_NAME",
            message="FOLDER_NAME is required.",
            broken=lambda facts: not facts.is_set("FOLDER_NAME"),
            needs_database=True,
        ),
    ],
)
