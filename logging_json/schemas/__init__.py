"""The names that the fields of a line have, by schema; ``*.json`` describes them as JSON Schemas.

Default     the names of the first releases, flat
Ecs         the Elastic Common Schema
OTel        the data model of OpenTelemetry's logs
Google      Google Cloud Logging
"""

from .base import Schema
from .default import Default
from .ecs import Ecs
from .gcp import Google
from .otel import OTel

SCHEMAS: dict[str, Schema] = {
    "default": Default(),
    "ecs": Ecs(),
    "otel": OTel(),
    "gcp": Google(),
}
