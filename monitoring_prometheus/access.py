"""Clients that may see metrics without a token: this machine and private networks.

The address of a reverse proxy is private for every client. So a request with any of the headers
that proxies add is refused.
"""

import ipaddress
from typing import Any

NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
            *("::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)

# headers of nginx, HAProxy, Traefik, Envoy, Apache, load balancers and CDNs
FORWARDED = ("HTTP_X_FORWARDED_", "HTTP_X_ORIGINAL_", "HTTP_X_ENVOY_", "HTTP_CF_", "HTTP_X_AMZN_")
FORWARDED_HEADERS = frozenset(
    {
        "HTTP_FORWARDED",
        "HTTP_VIA",
        "HTTP_X_REAL_IP",
        "HTTP_X_CLIENT_IP",
        "HTTP_X_CLUSTER_CLIENT_IP",
        "HTTP_TRUE_CLIENT_IP",
        "HTTP_FASTLY_CLIENT_IP",
    }
)


def is_local(environ: dict[str, Any]) -> bool:
    """Return True if a request comes directly from this machine or a private network."""
    if any(name in FORWARDED_HEADERS or name.startswith(FORWARDED) for name in environ):
        return False
    return is_private(environ.get("REMOTE_ADDR", ""))


def is_private(address: str) -> bool:
    """Return True for an address of this machine or of a private network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in NETWORKS)
