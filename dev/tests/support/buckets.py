"""Looking into buckets, past Odoo."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config


def s3_client(variables: Mapping[str, str]) -> Any:
    """Return a client of the S3 server that some variables of the suite name."""
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_HOST"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
