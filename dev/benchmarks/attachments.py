"""``create()`` and read of attachments: core's file store, S3 through Odoo, the raw client."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from .rounds import compare

SIZE = 10_000  # bytes
OPERATIONS = 20
MIMETYPE = "application/octet-stream"  # no rule keeps it in the database


def main(registry: Any, environment: Callable[[Any], Any]) -> None:
    """Run on a database with ``attachment_s3``; its objects stay in the bucket."""
    with registry.cursor() as cursor:
        settings = environment(cursor)["ir.attachment"]._s3_settings()
        environment(cursor)["ir.attachment"]._get_object_store("s3").create_container()
    bench = Bench(registry, environment, settings)
    compare(
        f"create() of {SIZE} bytes, one commit each",
        {
            "core's file store": lambda: bench.create("file"),
            "attachment_s3": lambda: bench.create("s3"),
            "raw boto3 put_object": bench.raw_put,
        },
        OPERATIONS,
    )
    compare(
        f"read of {SIZE} bytes",
        {
            "core's file store": lambda: bench.read("file"),
            "attachment_s3": lambda: bench.read("s3"),
            "raw boto3 get_object": bench.raw_get,
        },
        OPERATIONS,
    )


class Bench:
    """The work of one round for each contender."""

    def __init__(self, registry: Any, environment: Callable[[Any], Any], settings: Any) -> None:
        self._registry = registry
        self._environment = environment
        self._bucket = settings.bucket
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key.get_secret_value(),
            aws_secret_access_key=settings.secret_key.get_secret_value(),
            config=Config(request_checksum_calculation="when_required"),
        )
        self._names = (f"bench/{number}" for number in itertools.count())
        self._created: dict[str, list[int]] = {"file": [], "s3": []}
        self._raw: list[str] = []

    def create(self, location: str) -> None:
        for _number in range(OPERATIONS):
            with self._registry.cursor() as cursor:
                attachments = self._attachments(cursor, location)
                values = {"name": "bench", "raw": os.urandom(SIZE), "mimetype": MIMETYPE}
                self._created[location].append(attachments.create(values).id)

    def read(self, location: str) -> None:
        for number in self._created[location][:OPERATIONS]:
            with self._registry.cursor() as cursor:
                content = self._environment(cursor)["ir.attachment"].browse(number).raw
                if len(content) != SIZE:
                    raise RuntimeError(f"read {len(content)} bytes instead of {SIZE}")

    def raw_put(self) -> None:
        for _number in range(OPERATIONS):
            key = next(self._names)
            self._client.put_object(Bucket=self._bucket, Key=key, Body=os.urandom(SIZE))
            self._raw.append(key)

    def raw_get(self) -> None:
        for key in self._raw[:OPERATIONS]:
            self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _attachments(self, cursor: Any, location: str) -> Any:
        env = self._environment(cursor)
        env["ir.config_parameter"].set_param("ir_attachment.location", location)
        return env["ir.attachment"]
