"""The facts about a login that only Keystone knows: its roles and the regions of Swift.

A token lists the roles and the catalog, so they need no request. ``python-keystoneclient`` asks
Keystone for facts that no token contains, with the session and the token of ``client.py``. It is
imported when a request has failed, because its import takes a quarter of a second.

An answer that Keystone refuses is unknown, not an error: many users may not list anything.
"""

from collections.abc import Iterable
from typing import Any

from .settings import SwiftSettings

SERVICE = "object-store"


class Keystone:
    """The facts about the user of a session of keystoneauth1.

    Swift's own login has neither roles nor a catalog: all facts are empty.
    """

    def __init__(self, settings: SwiftSettings, session: Any) -> None:
        self._settings = settings
        self._session = session

    def acl_user(self) -> str | None:
        """Return project and user as the ACL of a container names them."""
        token = self._token()
        return f"{token.project_id}:{token.user_id}" if token else None

    def roles(self) -> list[str]:
        """Return the names of the user's roles on the project."""
        token = self._token()
        return _ordered((token.role_names or []) if token else [])

    def regions(self) -> list[str]:
        """Return the regions in which the project has an object store."""
        return _ordered(endpoint.region_name for endpoint in self._endpoints())

    def interfaces(self) -> list[str]:
        """Return the interfaces of the object store in the region of the settings."""
        region = self._settings.region
        return _ordered(
            endpoint.interface
            for endpoint in self._endpoints()
            if region in (None, endpoint.region_name)
        )

    def known_regions(self) -> list[str]:
        """Return all regions of the cloud; empty if the user may not list them."""
        from keystoneauth1 import exceptions
        from keystoneclient.v3.client import Client

        if self._settings.is_version_1:
            return []
        client = Client(session=self._session, endpoint_override=self._settings.auth_url)
        try:
            return _ordered(region.id for region in client.regions.list())
        except exceptions.ClientException:
            return []

    def explain_missing_store(self) -> str:
        """Return the reason for which the catalog has no object store for the settings."""
        region, regions = self._settings.region, self.regions()
        if not regions:
            return "the catalog of the project has no object store"
        if region and region not in regions:
            known = ", which exists but has no object store for the project"
            return (
                f"SWIFT_REGION_NAME: the object store is not in the region {region!r}"
                f"{known if region in self.known_regions() else ''}; "
                f"the regions of the catalog are: {', '.join(regions)}"
            )
        return (
            f"SWIFT_INTERFACE: the object store has no address {self._settings.interface!r}; "
            f"the interfaces of the catalog are: {', '.join(self.interfaces())}"
        )

    def explain_refusal(self) -> str:
        """Return the user's roles as a clause of an error; empty if they are unknown."""
        from keystoneauth1 import exceptions

        if self._settings.is_version_1:
            return ""
        try:
            roles = self.roles()
        except exceptions.ClientException:  # the log-in is refused as well
            return ""
        return f"the roles of the user on the project are: {', '.join(roles) or 'none'}"

    def _token(self) -> Any:
        """Return the token as keystoneauth1 describes it; None for Swift's own login."""
        if self._settings.is_version_1:
            return None
        return self._session.auth.get_access(self._session)

    def _endpoints(self) -> list[Any]:
        token = self._token()
        if token is None or not token.has_service_catalog():
            return []
        found = token.service_catalog.get_endpoints_data(service_type=SERVICE)
        return [endpoint for endpoints in found.values() for endpoint in endpoints]


def _ordered(names: Iterable[str | None]) -> list[str]:
    return sorted({name for name in names if name})
