"""Hides secrets in texts: passwords, keys, tokens, session ids."""

from .redactor import redact
