"""The further servers that tests talk to: each one answers its clients, and refuses others."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dev.stack import Stack


def s3_of_swift(stack: Stack, user: str) -> Any:
    client = stack.swift.s3_client
    keys = client["users"][user]
    return boto3.client(
        "s3",
        endpoint_url=client["endpoint"],
        region_name=client["region"],
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_swift_keeps_objects_and_refuses_to_let_a_reader_write(stack: Stack) -> None:
    odoo, reader = s3_of_swift(stack, "odoo"), s3_of_swift(stack, "reader")
    where = {"Bucket": "dev-test-services", "Key": "a"}
    odoo.create_bucket(Bucket=where["Bucket"])
    try:
        odoo.put_object(**where, Body=b"kept")
        assert reader.get_object(**where)["Body"].read() == b"kept"
        with pytest.raises(ClientError) as caught:
            reader.put_object(**where, Body=b"other")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    finally:
        odoo.delete_object(**where)
        odoo.delete_bucket(Bucket=where["Bucket"])
