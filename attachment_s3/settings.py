"""The environment variables of S3."""

import functools
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from odoo.addons.cloud_settings.exceptions import ConfigurationError
from odoo.addons.cloud_settings.settings import EnvironmentSettings, Flag


def _url(host: str) -> str:
    """Return the endpoint's URL: a host without a scheme is reached by HTTPS."""
    url = host if "://" in host else f"https://{host}"
    scheme, _colon, rest = url.partition("://")
    if scheme not in ("http", "https") or not rest.strip("/"):
        raise ValueError("takes a host or an http(s) URL, for example https://s3.example.com")
    return url


class S3Settings(EnvironmentSettings):
    """How to reach S3 and where to put new objects."""

    endpoint: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None,
        alias="AWS_HOST",
        description="host or URL of an S3 server; unset: Amazon's",
    )
    region: str | None = Field(
        default=None, alias="AWS_REGION", description="region, as us-east-1 or eu-central-1"
    )
    access_key: SecretStr | None = Field(
        default=None,
        alias="AWS_ACCESS_KEY_ID",
        description="access key; unset: boto3 looks for credentials (profile, IAM role, ...)",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        alias="AWS_SECRET_ACCESS_KEY",
        description="secret of the access key",
        validate_default=True,
    )
    session_token: SecretStr | None = Field(
        default=None, alias="AWS_SESSION_TOKEN", description="token of a temporary access key"
    )
    bucket: str | None = Field(
        default=None,
        alias="AWS_BUCKETNAME",
        description="bucket for new objects; {db} stands for the database's name",
    )
    bucket_unstructured: Flag = Field(
        default=False,
        alias="AWS_BUCKETNAME_UNSTRUCTURED",
        description="1: cloud_platform_s3 takes a bucket of any name",
    )
    connect_timeout_seconds: PositiveFloat = Field(
        default=5,
        alias="AWS_CONNECT_TIMEOUT",
        description="seconds to wait for a connection",
    )
    read_timeout_seconds: PositiveFloat = Field(
        default=15,
        alias="AWS_READ_TIMEOUT",
        description="seconds to wait for the next bytes of an answer",
    )
    max_attempts: PositiveInt = Field(
        default=2,
        alias="AWS_MAX_ATTEMPTS",
        description="how often a request is tried in all",
    )

    # a rule of the field: those of the model are left out while any field is wrong
    @field_validator("secret_key")
    @classmethod
    def _whole_credentials(cls, secret: SecretStr | None, info: ValidationInfo) -> Any:
        if (info.data.get("access_key") is None) != (secret is None):
            raise ValueError(
                "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none of them to let "
                "boto3 find credentials"
            )
        return secret

    def bucket_for(self, database: str) -> str:
        """Return the bucket for the new objects of a database.

        :raises ConfigurationError: when there is none
        """
        if not self.bucket:
            raise ConfigurationError(["AWS_BUCKETNAME: takes the bucket for new attachments"])
        return self.bucket.replace("{db}", database)


@functools.cache
def s3_settings() -> S3Settings:
    """Return the settings of this process, which are read once, when first needed."""
    return S3Settings.read()
