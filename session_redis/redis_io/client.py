"""Clients of redis-py for each kind of Redis: one server, Sentinel, Cluster.

The options of a URL cannot make a client wait longer than the timeouts of the settings, and no
client repeats a command: ``connection`` decides about that.
"""

from typing import Any

from ..settings import RedisSettings

# a connection that was idle for this time is checked with a PING before a command
HEALTH_CHECK_SECONDS = 30


def new_client(settings: RedisSettings) -> Any:
    """Return a client that responds or fails within the timeouts of ``settings``.

    :raises redis.RedisError: for a Cluster, whose nodes are asked for at once
    """
    import redis

    if settings.sentinel_host:
        return _master(settings)
    if settings.cluster:
        return _cluster(settings)
    return redis.Redis.from_pool(_pool(settings))


def sentinel_of(client: Any) -> Any:
    """Return redis-py's ``Sentinel`` of a client; None without Sentinels."""
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

    from .sentinel_pool import MasterConnection, MasterPool, MasterTlsConnection

    password = settings.sentinel_password
    manager: Any = sentinel.Sentinel
    sentinels = manager(
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
    return sentinels.master_for(
        name,
        connection_pool_class=MasterPool,
        connection_class=MasterTlsConnection if settings.tls else MasterConnection,
        timeout=settings.read_timeout,
    )


def _cluster(settings: RedisSettings) -> Any:
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry

    from .connection_pool import Pool
    from .exchange import TcpConnection, TlsConnection

    node_class: Any = ClusterNode
    address = settings.address
    nodes = [(address.host, address.port)] if address else settings.nodes
    options = {**_options(settings), **_login(settings)}
    # repeat once, after the nodes were asked for the new place of the slots
    options["retry"] = Retry(NoBackoff(), 1)
    if settings.has_tls:
        options |= _certificates(settings)
    host, port = nodes[0]
    return RedisCluster(
        # only with a URL does it use another class for the pools of its nodes
        url=f"redis://[{host}]:{port}" if ":" in host else f"redis://{host}:{port}",
        startup_nodes=[node_class(*node) for node in nodes[1:]],
        connection_pool_class=Pool,
        connection_class=TlsConnection if settings.has_tls else TcpConnection,
        timeout=settings.read_timeout,
        **options,
    )


def _pool(settings: RedisSettings) -> Any:
    from .connection_pool import Pool
    from .exchange import SocketConnection, TcpConnection, TlsConnection

    options = {**_options(settings), **_login(settings), "timeout": settings.read_timeout}
    address = settings.address
    db = settings.db or (address and address.db)
    if db is not None:
        options["db"] = db
    if address and address.max_connections:
        options["max_connections"] = address.max_connections
    if path := address.path if address else settings.socket:
        del options["socket_keepalive"]
        return Pool(connection_class=SocketConnection, path=str(path), **options)
    if address:
        options |= {"host": address.host, "port": address.port}
    else:
        options |= {"host": settings.host, "port": settings.port}
    if settings.has_tls:
        return Pool(connection_class=TlsConnection, **options, **_certificates(settings))
    return Pool(connection_class=TcpConnection, **options)


def _timeouts(settings: RedisSettings) -> dict[str, Any]:
    return {
        "socket_connect_timeout": settings.connect_timeout,
        "socket_timeout": settings.read_timeout,
    }


def _options(settings: RedisSettings) -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    seconds = settings.address and settings.address.health_check_interval
    return {
        **_timeouts(settings),
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS if seconds is None else seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _login(settings: RedisSettings) -> dict[str, Any]:
    username, password = settings.username, settings.password
    address = None if settings.sentinel_host else settings.address
    return {
        "username": (address and address.username) or username,
        "password": (address and address.password)
        or (password.get_secret_value() if password else None),
    }


def _tls(settings: RedisSettings, enabled: bool) -> dict[str, Any]:
    return {"ssl": True, **_certificates(settings)} if enabled else {}


def _certificates(settings: RedisSettings) -> dict[str, Any]:
    files = {
        "ssl_ca_certs": settings.tls_ca,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }
    return {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        **{name: str(path) for name, path in files.items() if path},
    }
