"""Lines of the log that a test reads."""

import contextlib
import io
import json
import logging
import uuid
from pathlib import Path

import jsonschema

from ..access_log import AccessFilter
from ..formatter import OdooJsonFormatter
from ..hooks import allow_core_names

SCHEMAS = {
    path.stem: jsonschema.Draft202012Validator(json.loads(path.read_text()))
    for path in (Path(__file__).parents[1] / "schemas").glob("*.json")
}


class Lines:
    """A handler that formats like the server's handler, and its written lines."""

    def __init__(self, schema="default", **options):
        self.schema = schema
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(OdooJsonFormatter(schema, **options))
        self.logger = logging.Logger(f"lines.{uuid.uuid4().hex}")
        self.logger.addHandler(self.handler)

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def parsed(self):
        """The lines as they are parsed; each is checked against the schema."""
        lines = [json.loads(line, parse_constant=_refuse) for line in self.text.splitlines()]
        for line in lines:
            SCHEMAS[self.schema].validate(line)
        return lines

    @property
    def one(self):
        [line] = self.parsed
        return line

    def of(self, **fields):
        """Return the lines that have these fields."""
        return [line for line in self.parsed if fields.items() <= line.items()]

    @contextlib.contextmanager
    def following(self, name, ignored=frozenset()):
        """Write the lines of a logger of the server too, like ``use_json`` does."""
        logger = logging.getLogger(name)
        access = AccessFilter(ignored)
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(self.handler)
        logger.addFilter(access)
        try:
            yield self
        finally:
            logger.removeHandler(self.handler)
            logger.removeFilter(access)
            logger.setLevel(level)


def _refuse(constant):
    raise ValueError(f"{constant} is not JSON")


@contextlib.contextmanager
def core_names_allowed():
    original = logging.Logger.makeRecord
    logging.Logger.makeRecord = allow_core_names(original)
    try:
        yield
    finally:
        logging.Logger.makeRecord = original
