"""The further servers that tests talk to: each one answers its clients, and refuses others."""

import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.buckets import s3_client

from dev.stack import Stack, project_of


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


def test_a_database_s_buckets_go_with_it_and_no_others(stack: Stack) -> None:
    name = f"gone_{uuid.uuid4().hex[:8]}"
    client = s3_client(stack.seaweedfs.env())
    own, other = f"{project_of(name)}-odoo-test", f"{project_of(name)}x-odoo-test"
    with stack.database(name, [], {}):
        for bucket in (own, other):
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="a/b", Body=b"content")
    names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    assert own not in names
    assert client.get_object(Bucket=other, Key="a/b")["Body"].read() == b"content"
    stack.seaweedfs.drop(f"{project_of(name)}x")


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
