"""The setting that names the preferred sender of downloads."""

import enum

PARAMETER = "ir_attachment.storage.serving"


class ServingError(ValueError):
    """The system parameter is wrong; the message names it and its possible values."""


class Serving(enum.Enum):
    """The preferred sender: Odoo (stream), the store (redirect) or nginx (x-accel)."""

    STREAM = "stream"
    REDIRECT = "redirect"
    X_ACCEL = "x-accel"

    @classmethod
    def parse(cls, text: str) -> "Serving":
        """Return the member for a value of the system parameter.

        :raises ServingError: if there is no such member
        """
        try:
            return cls(text.strip())
        except ValueError:
            values = ", ".join(serving.value for serving in cls)
            raise ServingError(
                f"The system parameter {PARAMETER} must be one of: {values}"
            ) from None
