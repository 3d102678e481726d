"""The form of S3 requests, and the answers of servers that do not know them."""

from typing import Any

# the names of botocore's parameters, and of the headers of a request
HEADERS = {
    "ContentType": "Content-Type",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "x-amz-storage-class",
}
IS_NEW = {"IfNoneMatch": "*"}  # the condition of an object that must not exist

_NO_BULK = {"NotImplemented", "MethodNotAllowed", "MalformedXML", "InvalidRequest", "405", "501"}
_NO_CONDITIONS = {"NotImplemented", "InvalidArgument", "InvalidRequest", "501"}


def has_no_bulk(error: Any) -> bool:
    """Return True if a server does not know DeleteObjects."""
    return _code(error) in _NO_BULK


def has_no_conditions(error: BaseException | None) -> bool:
    """Return True if a server, or a botocore from before 2024, does not know conditions."""
    from botocore.exceptions import ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return _code(error) in _NO_CONDITIONS
    return isinstance(error, ParamValidationError)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code"))
