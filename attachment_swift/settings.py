"""The environment variables of Swift and its identity service."""

import functools
import logging
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from odoo.addons.base_attachment_object_storage.settings import StoreSettings
from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.http_url import http_url
from odoo.addons.cloud_base.settings import CertificateFile, Flag

_logger = logging.getLogger(__name__)

PROBE_SECONDS = 5.0
LONGEST_SECONDS = 3600
GIB = 1024 * 1024 * 1024
LARGEST_OBJECT = 5 * GIB  # in one request; every Swift has this limit by default

_VERSION_1 = re.compile(r"/v1(\.0)?/?$")
_OTHER_VERSION = re.compile(r"/v[23](\.0)?/?$")


def _url(url: str) -> str:
    http_url(url, "https://auth.example.com/v3")
    if _VERSION_1.search(url):
        return url
    # version 3 is the only one of Keystone's that still exists
    return _OTHER_VERSION.sub("", url).rstrip("/") + "/v3"


def _address(url: str) -> str:
    return http_url(url, "https://files.example.com").rstrip("/")


def _container(container: str) -> str:
    if "/" in container:
        raise ValueError("must be a name without a slash, for example acme-odoo-prod")
    return container


class SwiftSettings(StoreSettings):
    """How to reach Swift and where to put new objects."""

    code = "SWIFT"

    auth_url: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None,
        alias="SWIFT_AUTH_URL",
        description="URL of Keystone; one that ends in /v1.0 is Swift's own login",
    )
    account: str | None = Field(default=None, alias="SWIFT_ACCOUNT", description="user's name")
    password: SecretStr | None = Field(
        default=None,
        alias="SWIFT_PASSWORD",
        description="user's password",
        validate_default=True,
    )
    project: str | None = Field(
        default=None, alias="SWIFT_PROJECT_NAME", description="project, which owns the containers"
    )
    tenant: str | None = Field(
        default=None,
        alias="SWIFT_TENANT_NAME",
        description="deprecated: the old name of SWIFT_PROJECT_NAME",
    )
    user_domain: str | None = Field(
        default=None,
        alias="SWIFT_USER_DOMAIN_NAME",
        description="domain of the user; unset: the domain with the id default",
    )
    project_domain: str | None = Field(
        default=None,
        alias="SWIFT_PROJECT_DOMAIN_NAME",
        description="domain of the project; unset: the domain with the id default",
    )
    application_credential: str | None = Field(
        default=None,
        alias="SWIFT_APPLICATION_CREDENTIAL_ID",
        description="application credential, instead of user, password and project",
    )
    application_secret: SecretStr | None = Field(
        default=None,
        alias="SWIFT_APPLICATION_CREDENTIAL_SECRET",
        description="its secret",
        validate_default=True,
    )
    region: str | None = Field(
        default=None, alias="SWIFT_REGION_NAME", description="region; unset: the first one"
    )
    interface: Literal["public", "internal", "admin"] = Field(
        default="public",
        alias="SWIFT_INTERFACE",
        description="which of the server's addresses: public, internal or admin",
    )
    ca_bundle: CertificateFile | None = Field(
        default=None,
        alias="SWIFT_CACERT",
        description="file of certificates of the authorities that sign the servers'",
    )
    container: Annotated[str, AfterValidator(_container)] | None = Field(
        default=None,
        alias="SWIFT_WRITE_CONTAINER",
        description="container for new objects; {db} stands for the database's name",
    )
    container_unstructured: Flag = Field(
        default=False,
        alias="SWIFT_WRITE_CONTAINER_UNSTRUCTURED",
        description="1: cloud_platform_swift accepts any name of a container",
    )
    temp_url_key: SecretStr | None = Field(
        default=None,
        alias="SWIFT_TEMP_URL_KEY",
        description="secret that signs presigned URLs; unset: no presigned URLs",
    )
    public_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        alias="SWIFT_PUBLIC_URL",
        description="URL at which browsers reach the server, before /v1/…; unset: as Odoo does",
    )
    connect_timeout_seconds: PositiveFloat = Field(
        default=5,
        alias="SWIFT_CONNECT_TIMEOUT",
        le=LONGEST_SECONDS,
        description="seconds to wait for a connection",
    )
    read_timeout_seconds: PositiveFloat = Field(
        default=15,
        alias="SWIFT_READ_TIMEOUT",
        le=LONGEST_SECONDS,
        description="seconds to wait for the next bytes of an answer",
    )
    max_attempts: PositiveInt = Field(
        default=2,
        alias="SWIFT_MAX_ATTEMPTS",
        le=100,
        description="number of tries of a request",
    )
    segment_bytes: Annotated[int, Field(gt=0, le=LARGEST_OBJECT)] = Field(
        default=GIB,
        alias="SWIFT_SEGMENT_SIZE",
        description="bytes, at most 5 GiB; a larger object is stored in segments of this size",
    )

    # rules of fields: rules of the model are left out while any field is wrong
    @field_validator("password")
    @classmethod
    def _whole_login(cls, password: SecretStr | None, info: ValidationInfo) -> Any:
        if (info.data.get("account") is None) != (password is None):
            raise ValueError("set both SWIFT_ACCOUNT and SWIFT_PASSWORD, or none of them")
        return password

    @field_validator("application_secret")
    @classmethod
    def _whole_credential(cls, secret: SecretStr | None, info: ValidationInfo) -> Any:
        if (info.data.get("application_credential") is None) != (secret is None):
            raise ValueError(
                "set both SWIFT_APPLICATION_CREDENTIAL_ID and "
                "SWIFT_APPLICATION_CREDENTIAL_SECRET, or none of them"
            )
        return secret

    @property
    def is_version_1(self) -> bool:
        """True if Swift itself checks the password, without Keystone."""
        return bool(_VERSION_1.search(self.auth_url or ""))

    @property
    def owner(self) -> str | None:
        """The project's name, under its new or its old variable."""
        return self.project or self.tenant

    def impatient(self) -> "SwiftSettings":
        """Return the same settings with one try a request, and at most a few seconds for it."""
        return self.model_copy(
            update={
                "max_attempts": 1,
                "connect_timeout_seconds": min(PROBE_SECONDS, self.connect_timeout_seconds),
                "read_timeout_seconds": min(PROBE_SECONDS, self.read_timeout_seconds),
            }
        )

    def required(self) -> list[str]:
        """Return the missing settings of a server, a sentence for each variable."""
        missing = []
        if not self.auth_url:
            missing.append("SWIFT_AUTH_URL: set it to the URL of Keystone")
        if not (self.account or self.application_credential):
            missing.append("SWIFT_ACCOUNT: set it to the user's name")
        if self.account and not self.is_version_1 and not self.owner:
            missing.append("SWIFT_PROJECT_NAME: set it to the project that owns the containers")
        return missing

    def container_for(self, database: str) -> str:
        """Return the container for the new objects of a database.

        :raises ConfigurationError: if it is not set
        """
        if not self.container:
            raise ConfigurationError(
                ["SWIFT_WRITE_CONTAINER: set it to the container for new attachments"]
            )
        return self.container.replace("{db}", database)


@functools.cache
def swift_settings() -> SwiftSettings:
    """Return the settings of this process, which are read once, when first needed."""
    settings = SwiftSettings.read()
    if settings.tenant:
        _logger.warning("SWIFT_TENANT_NAME is deprecated: rename it to SWIFT_PROJECT_NAME")
    return settings
