"""Hides secrets in texts: passwords, keys, tokens, session ids."""

from .redactor import redact

__all__ = ["redact"]
