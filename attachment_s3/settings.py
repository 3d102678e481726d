"""The environment variables of S3."""

import functools
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from odoo.addons.base_attachment_object_storage.settings import StoreSettings
from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.http_url import http_url, proxy_url
from odoo.addons.cloud_base.settings import CertificateFile, Flag


def _url(host: str) -> str:
    """Return the endpoint's URL: a host without a scheme is reached by HTTPS."""
    return http_url(host if "://" in host else f"https://{host}", "https://s3.example.com")


def _proxy(secret: SecretStr) -> SecretStr:
    proxy_url(secret.get_secret_value())
    return secret


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


ChecksumMode = Annotated[Literal["when_required", "when_supported"], BeforeValidator(_lower)]

MIB = 1024 * 1024
PROBE_SECONDS = 5.0


# as botocore has it: a region is a part of the server's name
_REGION = re.compile(r"(?!\d+\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_BUCKET = re.compile(r"[A-Za-z0-9._{}-]{1,255}")
LONGEST_SECONDS = 3600
LARGEST_PART = 5 * 1024 * MIB


def _region(region: str) -> str:
    if not _REGION.fullmatch(region):
        raise ValueError("may have letters, digits and hyphens, for example eu-central-1")
    return region


def _bucket(bucket: str) -> str:
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(
            "may have letters, digits, dots, hyphens and {db}, for example acme-odoo-prod"
        )
    return bucket


class S3Settings(StoreSettings):
    """How to reach S3 and where to put new objects."""

    code = "S3"

    endpoint: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None,
        alias="AWS_HOST",
        description="host or URL of an S3 server; unset: Amazon's",
    )
    public_endpoint: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None,
        alias="AWS_PUBLIC_HOST",
        description="host or URL at which browsers reach the server; unset: as Odoo does",
    )
    region: Annotated[str, AfterValidator(_region)] | None = Field(
        default=None,
        alias="AWS_REGION",
        description="region, as us-east-1 or eu-central-1",
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
    default_credentials: Flag = Field(
        default=False,
        alias="AWS_DEFAULT_CREDENTIALS",
        description="1: no access key is set on purpose, boto3 finds credentials (IAM role, ...)",
    )
    bucket: Annotated[str, AfterValidator(_bucket)] | None = Field(
        default=None,
        alias="AWS_BUCKETNAME",
        description="bucket for new objects; {db} stands for the database's name",
    )
    bucket_unstructured: Flag = Field(
        default=False,
        alias="AWS_BUCKETNAME_UNSTRUCTURED",
        description="1: cloud_platform_s3 accepts any name of a bucket",
    )
    connect_timeout_seconds: PositiveFloat = Field(
        default=5,
        alias="AWS_CONNECT_TIMEOUT",
        le=LONGEST_SECONDS,
        description="seconds to wait for a connection",
    )
    read_timeout_seconds: PositiveFloat = Field(
        default=15,
        alias="AWS_READ_TIMEOUT",
        le=LONGEST_SECONDS,
        description="seconds to wait for the next bytes of an answer",
    )
    max_attempts: PositiveInt = Field(
        default=2,
        alias="AWS_MAX_ATTEMPTS",
        le=100,
        description="number of tries of a request",
    )
    addressing_style: Annotated[
        Literal["path", "virtual", "auto"] | None, BeforeValidator(_lower)
    ] = Field(
        default=None,
        alias="AWS_ADDRESSING_STYLE",
        description="path, virtual (the bucket is part of the host's name) or auto; unset: path "
        "with AWS_HOST, else auto",
        validate_default=True,
    )
    ca_bundle: CertificateFile | None = Field(
        default=None,
        alias="AWS_CA_BUNDLE",
        description="file of certificates of the authorities that sign the server's",
    )
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(
        default=None,
        alias="AWS_PROXY",
        description="URL of an HTTP proxy; unset: HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide",
    )
    server_side_encryption: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = Field(
        default=None,
        alias="AWS_SERVER_SIDE_ENCRYPTION",
        description="AES256, aws:kms or aws:kms:dsse; unset: as the bucket has it",
    )
    kms_key: str | None = Field(
        default=None,
        alias="AWS_KMS_KEY_ID",
        description="key of aws:kms; unset: the account's default key",
        validate_default=True,
    )
    storage_class: str | None = Field(
        default=None,
        alias="AWS_STORAGE_CLASS",
        description="class of new objects, as STANDARD_IA; unset: STANDARD",
    )
    request_checksums: ChecksumMode | None = Field(
        default=None,
        alias="AWS_REQUEST_CHECKSUM_CALCULATION",
        description="when_required or when_supported; unset: when_required with AWS_HOST, "
        "because many servers refuse the newer checksums",
        validate_default=True,
    )
    response_checksums: ChecksumMode | None = Field(
        default=None,
        alias="AWS_RESPONSE_CHECKSUM_VALIDATION",
        description="the same for answers",
        validate_default=True,
    )
    multipart_threshold_bytes: PositiveInt = Field(
        default=64 * MIB,
        alias="AWS_MULTIPART_THRESHOLD",
        le=LARGEST_PART,
        description="bytes; a larger object is uploaded in parts",
    )
    multipart_part_bytes: PositiveInt = Field(
        default=16 * MIB,
        alias="AWS_MULTIPART_CHUNKSIZE",
        le=LARGEST_PART,
        description="bytes of a part, which is held in memory; most servers accept 5 MiB or more",
    )

    # a rule of the field: rules of the model are left out while any field is wrong
    @field_validator("secret_key")
    @classmethod
    def _whole_credentials(cls, secret: SecretStr | None, info: ValidationInfo) -> Any:
        if (info.data.get("access_key") is None) != (secret is None):
            raise ValueError(
                "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none of them to let "
                "boto3 find credentials"
            )
        return secret

    @field_validator("addressing_style")
    @classmethod
    def _address(cls, style: str | None, info: ValidationInfo) -> str:
        # bucket names of other servers are seldom in their DNS
        return style or ("path" if info.data.get("endpoint") else "auto")

    @field_validator("request_checksums", "response_checksums")
    @classmethod
    def _checksums(cls, mode: str | None, info: ValidationInfo) -> str:
        # checksums in headers and trailers are unknown to many servers other than Amazon's
        return mode or ("when_required" if info.data.get("endpoint") else "when_supported")

    @field_validator("kms_key")
    @classmethod
    def _for_kms(cls, key: str | None, info: ValidationInfo) -> str | None:
        encryption = info.data.get("server_side_encryption") or ""
        if key and not encryption.startswith("aws:kms"):
            raise ValueError("needs AWS_SERVER_SIDE_ENCRYPTION=aws:kms")
        return key

    def impatient(self) -> "S3Settings":
        """Return the same settings with one try a request, and at most a few seconds for it."""
        return self.model_copy(
            update={
                "max_attempts": 1,
                "connect_timeout_seconds": min(PROBE_SECONDS, self.connect_timeout_seconds),
                "read_timeout_seconds": min(PROBE_SECONDS, self.read_timeout_seconds),
            }
        )

    def object_options(self) -> dict[str, str]:
        """Return the options of each new object, with botocore's names."""
        options = {
            "ServerSideEncryption": self.server_side_encryption,
            "SSEKMSKeyId": self.kms_key,
            "StorageClass": self.storage_class,
        }
        return {name: value for name, value in options.items() if value}

    def bucket_for(self, database: str) -> str:
        """Return the bucket for the new objects of a database.

        :raises ConfigurationError: if it is not set
        """
        if not self.bucket:
            raise ConfigurationError(["AWS_BUCKETNAME: set it to the bucket for new attachments"])
        return self.bucket.replace("{db}", database)


@functools.cache
def s3_settings() -> S3Settings:
    """Return the settings of this process, which are read once, when first needed."""
    return S3Settings.read()
