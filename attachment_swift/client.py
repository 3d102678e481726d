"""The client of a Swift server, and the one place where its errors become ours.

::

    client_for(settings)            one a process: it logs in once, when first used
    └── request()                   to Swift; a token that is refused is renewed, once
        ├── keystoneauth1           tokens, connections, tries
        │   └── swiftclient         the older login (version 1)
        └── keystoneclient          roles and regions, for error messages; see keystone.py

``swiftclient.Connection`` is not used: threads cannot share it, while they can share a
session of keystoneauth1, with its token and its connections. Both are imported when first
used; Odoo itself has imported requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

import requests
import urllib3
from requests.adapters import HTTPAdapter

from odoo.addons.base_attachment_object_storage.store import (
    ClientPerProcess,
    Conflict,
    Integrity,
    NotFound,
    OutOfRange,
    Refused,
    StoreError,
    Unavailable,
)

from .keystone import SERVICE, Keystone
from .settings import SwiftSettings

CONNECTIONS = 32  # kept open by a process at most
TRY_AGAIN = [408, 429, 498, 500, 502, 503, 504]
# one of these headers is in each answer of Swift
TRANSACTION = {"x-trans-id", "x-openstack-request-id"}


class SwiftClient:
    """Sends requests to the object store of a project."""

    def __init__(self, settings: SwiftSettings) -> None:
        missing = settings.required()
        if missing:
            raise Refused("; ".join(missing))
        self._settings = settings
        self._session = _session(settings)
        self._keystone = Keystone(settings, self._session)
        self._endpoint: str | None = None

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the server's answer, a ``requests.Response``.

        :param path: below the account, quoted; see ``quoted()``
        """
        retries = self._settings.max_attempts - 1
        with translated(path):
            answer = self._session.request(
                self.endpoint() + path,
                method,
                connect_retries=retries,
                status_code_retries=retries,
                retriable_status_codes=TRY_AGAIN,
                raise_exc=False,
                log=False,
                redirect=False,  # another address must not get the token
                **options,
            )
        status = answer.status_code
        is_swift = any(name in answer.headers for name in TRANSACTION)
        if not is_swift and (status < 300 or status == 404):
            # a network that wants a login answers with a page, a proxy that knows no such path
            # with a 404 that says nothing of objects
            answer.close()
            raise Unavailable(f"{path}: the response did not come from a Swift server: {status}")
        if status >= 300:
            answer.close()
            message = f"{path}: {status} {answer.reason}"
            if status == 403 and (reason := self._keystone.explain_refusal()):
                message = f"{message}; {reason}"
            raise error_for(status, message)
        return answer

    def listed(self, container: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        """Return one page of a listing, as Swift describes the objects."""
        answer = self.request("GET", quoted(container), params=parameters)
        with translated(container):
            entries = answer.json() if answer.content else []
            if not all(isinstance(entry.get("name"), str) for entry in entries):
                raise ValueError("an object without a name")
            return list(entries)

    def endpoint(self) -> str:
        """Return the URL of the project's account; the first call logs in."""
        if self._endpoint is None:
            self._endpoint = self._ask_endpoint()
        return self._endpoint

    def roles(self) -> list[str]:
        """Return the names of the user's roles on the project; empty with Swift's own login."""
        with translated("login"):
            return self._keystone.roles()

    def regions(self) -> list[str]:
        """Return the regions in which the project has an object store, by the catalog."""
        with translated("login"):
            return self._keystone.regions()

    def acl_user(self) -> str | None:
        """Return ``project:user`` as the ACL of a container names a user of Keystone."""
        with translated("login"):
            return self._keystone.acl_user()

    def _ask_endpoint(self) -> str:
        from keystoneauth1 import exceptions

        url = None
        with translated("login"):
            # some releases return None instead
            with suppress(exceptions.EndpointNotFound):
                url = self._session.get_endpoint(
                    service_type=SERVICE,
                    interface=self._settings.interface,
                    region_name=self._settings.region,
                    skip_discovery=True,
                )
            if not url:
                raise Refused(f"login: {self._keystone.explain_missing_store()}")
        return str(url).rstrip("/")


client_for = ClientPerProcess(SwiftClient)


def quoted(container: str, key: str = "") -> str:
    """Return the path of a container or an object.

    :raises Refused: for a key that HTTP would take for another
    """
    if {".", ".."}.intersection(key.split("/")):
        raise Refused(f"{key!r} leads to another object")
    try:
        path = f"/{quote(container, safe='')}"
        return f"{path}/{quote(key)}" if key else path
    except UnicodeEncodeError as error:
        raise Refused(f"{key!r} is not Unicode text") from error


class _Connections(HTTPAdapter):
    """Connections with two timeouts, where keystoneauth1 knows one."""

    def __init__(self, settings: SwiftSettings) -> None:
        super().__init__(pool_maxsize=CONNECTIONS)
        self._timeouts = (settings.connect_timeout_seconds, settings.read_timeout_seconds)

    def send(self, request: Any, **options: Any) -> Any:
        # to some releases of requests, a blank CURL_CA_BUNDLE says that nothing is verified
        verify = options.get("verify") or True
        return super().send(request, **{**options, "verify": verify, "timeout": self._timeouts})


def _session(settings: SwiftSettings) -> Any:
    from keystoneauth1.session import Session

    connections = requests.Session()
    for scheme in ("http://", "https://"):
        connections.mount(scheme, _Connections(settings))
    return Session(auth=_login(settings), session=connections, verify=settings.ca_bundle or True)


def _login(settings: SwiftSettings) -> Any:
    from keystoneauth1.identity import v3
    from swiftclient.authv1 import PasswordPlugin

    if settings.is_version_1:
        password = revealed(settings.password)
        return PasswordPlugin(settings.auth_url, settings.account, password, settings.owner)
    if settings.application_credential:
        return v3.ApplicationCredential(
            settings.auth_url,
            application_credential_id=settings.application_credential,
            application_credential_secret=revealed(settings.application_secret),
        )
    return v3.Password(
        settings.auth_url,
        username=settings.account,
        password=revealed(settings.password),
        project_name=settings.owner,
        **_domain("user", settings.user_domain),
        **_domain("project", settings.project_domain),
    )


def _domain(of: str, name: str | None) -> dict[str, str]:
    return {f"{of}_domain_name": name} if name else {f"{of}_domain_id": "default"}


def revealed(secret: Any) -> Any:
    """Return the text of a secret of the settings; None if it is not set."""
    return secret.get_secret_value() if secret else None


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn errors of the libraries into errors of ours about ``name``."""
    from keystoneauth1 import exceptions

    try:
        yield
    except exceptions.HttpError as error:  # of a login: errors of Swift are not raised
        raise error_for(error.http_status, f"{name}: {error}", login=True) from error
    except (
        exceptions.ConnectionError,
        exceptions.DiscoveryFailure,
        exceptions.InvalidResponse,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:  # connections, timeouts, cut bodies
        raise Unavailable(f"{name}: {error}") from error
    # an answer that lacks a header or an element, or has one of another form
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unavailable(f"{name}: the answer is not one of Swift: {error!r}") from error
    except exceptions.CatalogException as error:
        raise Refused(f"{name}: {error}: see SWIFT_REGION_NAME, SWIFT_INTERFACE") from error
    except exceptions.ClientException as error:
        raise Refused(f"{name}: {error}") from error


def length_in(headers: Any, path: str) -> int:
    """Return the Content-Length of an answer.

    :raises Unavailable: where it is missing or no number
    """
    text = headers.get("Content-Length", "").strip()
    if not text.isdecimal():
        raise Unavailable(
            f"{path}: the response did not come from a Swift server: Content-Length is {text!r}"
        )
    return int(text)


_ERRORS: dict[int, type[StoreError]] = {
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    412: Conflict,
    416: OutOfRange,
    422: Integrity,
    429: Unavailable,
    498: Unavailable,
}


def error_for(status: int, message: str, login: bool = False) -> StoreError:
    """Return our error for a status; a login that finds nothing has a wrong address."""
    if status >= 500 or 300 <= status < 400:
        return Unavailable(message)
    if login and status == 404:
        return Refused(message)
    return _ERRORS.get(status, Refused)(message)
