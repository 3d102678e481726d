"""The schemas of a line."""

from .default import SCHEMAS
