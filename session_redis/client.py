"""Clients of redis-py for each kind of Redis: one server, Sentinel, Cluster.

What they have in common: each waits no longer than the timeouts of the settings, whatever an
address says besides, and none tries again by itself. Who asks decides that, see
``connection``.
"""

from typing import Any
from urllib.parse import urlsplit

from .settings import RedisSettings

# an idle connection is tried with a PING before it is trusted with a command
HEALTH_CHECK_SECONDS = 30


def new_client(settings: RedisSettings) -> Any:
    """Return a client that answers or fails within the timeouts of ``settings``.

    :raises redis.RedisError: by that of a Cluster alone, which asks for the nodes at once
    """
    import redis

    if settings.sentinel_host:
        return _master(settings)
    if settings.cluster:
        return _of_cluster(settings)
    return redis.Redis.from_pool(_pool(settings))


def sentinel_of(client: Any) -> Any:
    """Return redis-py's ``Sentinel`` of a client, None where it has none."""
    pool = getattr(client, "connection_pool", None)
    return getattr(pool, "sentinel_manager", None)


def close(client: Any) -> None:
    """Close the connections of a client; it may be used again, with new ones."""
    client.close()
    sentinel = sentinel_of(client)
    if sentinel:
        sentinel.close()


def _master(settings: RedisSettings) -> Any:
    from redis import sentinel

    from .pools import MasterPool

    password = settings.sentinel_password
    manager: Any = sentinel.Sentinel
    found = manager(
        settings.sentinels,
        sentinel_kwargs={
            **_options(settings),
            **_tls(settings, settings.sentinel_tls),
            "username": settings.sentinel_username,
            "password": password.get_secret_value() if password else None,
        },
        **_options(settings),
        **_login(settings),
        **_tls(settings, settings.tls),
        db=settings.db or 0,
    )
    name = settings.sentinel_master_name or ""
    return found.master_for(name, connection_pool_class=MasterPool)


def _of_cluster(settings: RedisSettings) -> Any:
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry

    node_class: Any = ClusterNode
    options = {**_options(settings), **_login(settings), **_tls(settings, settings.tls)}
    # once more, after the nodes were asked where the slots are now
    options["retry"] = Retry(NoBackoff(), 1)
    nodes = settings.nodes
    if settings.url:
        parts = urlsplit(settings.url.get_secret_value())
        nodes = [(parts.hostname or "localhost", parts.port or 6379)]
        options |= _tls(settings, parts.scheme == "rediss")
        options |= {name: value for name, value in _of_url(settings).items() if name in options}
    return RedisCluster(startup_nodes=[node_class(*node) for node in nodes], **options)


def _pool(settings: RedisSettings) -> Any:
    import redis

    from .pools import Pool

    address = _address(settings)
    options = {**_options(settings), **_login(settings)}
    if "path" in address:
        del options["socket_keepalive"]
    if issubclass(address.get("connection_class", object), redis.SSLConnection):
        options |= _tls(settings, True)
        del options["ssl"]
    if settings.db is not None:
        options["db"] = settings.db
    return Pool(**{**options, **address, **_timeouts(settings)})


def _address(settings: RedisSettings) -> dict[str, Any]:
    """Return what redis-py makes of a URL, also where there is none."""
    import redis

    if settings.url:
        return _of_url(settings)
    if settings.socket:
        return {
            "connection_class": redis.UnixDomainSocketConnection,
            "path": str(settings.socket),
        }
    kind = redis.SSLConnection if settings.tls else redis.Connection
    return {"connection_class": kind, "host": settings.host, "port": settings.port}


def _of_url(settings: RedisSettings) -> dict[str, Any]:
    from redis import connection

    parse_url: Any = connection.parse_url
    return dict(parse_url(settings.url.get_secret_value())) if settings.url else {}


def _timeouts(settings: RedisSettings) -> dict[str, Any]:
    return {
        "socket_connect_timeout": settings.connect_timeout,
        "socket_timeout": settings.read_timeout,
    }


def _options(settings: RedisSettings) -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        **_timeouts(settings),
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _login(settings: RedisSettings) -> dict[str, Any]:
    password = settings.password
    return {
        "username": settings.username,
        "password": password.get_secret_value() if password else None,
    }


def _tls(settings: RedisSettings, enabled: bool) -> dict[str, Any]:
    if not enabled:
        return {}
    files = {
        "ssl_ca_certs": settings.tls_ca,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }
    return {
        "ssl": True,
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        **{name: str(path) for name, path in files.items() if path},
    }
