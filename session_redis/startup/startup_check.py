"""The check of Redis at the start of a server: a mistake ends the server, an outage is waited for.

Waiting does not help against a refused password, an untrusted certificate or an unknown name, and
no user could log in. A Redis that does not respond may still be starting.

The check runs once, before the first fork, with a separate client that is closed afterwards.
"""

import logging
import re
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError

from ..redis_io.client import sentinel_of
from ..redis_io.errors import is_refusal, redis_error_classes, without_session_ids
from ..settings import PREFIX, RedisSettings
from . import eviction
from .probe import ProbeConnection, SessionLost, probe

_logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5

# the error of a server, or of a proxy before it, for a command that it does not have
_UNKNOWN_COMMAND = re.compile(r"unknown (?:or unsupported )?command ['`\"]?(\w+)", re.IGNORECASE)

# the form of an address in the errors of redis-py
_CONNECTING = re.compile(r"(?:connecting to|reading from) \S+")

# parts of responses of Redis, and the variable that is wrong
ANSWERS = (
    ("DB index is out of range", "DB"),
    ("SELECT is not allowed in cluster mode", "DB"),
    ("Cluster mode is not enabled", "CLUSTER"),
    ("cluster support disabled", "CLUSTER"),
    ("MOVED", "CLUSTER"),
)


def check(settings: RedisSettings, serving: bool) -> None:
    """Wait until sessions can be written; try only once unless a server is to serve.

    :raises ConfigurationError: if a setting is wrong, so that waiting does not help
    :raises UnreachableError: if Redis did not respond in time
    """
    until = time.monotonic() + (settings.start_timeout if serving else 0)
    is_logged = False
    while True:
        reason = _attempt(settings)
        if reason is None:
            return
        if time.monotonic() + PAUSE_SECONDS > until:
            raise UnreachableError(f"The session store in Redis is not available: {reason}")
        if not is_logged:
            is_logged = True
            _logger.warning(
                "Waiting up to %g s for the session store in Redis: %s",
                settings.start_timeout,
                reason,
            )
        time.sleep(PAUSE_SECONDS)


def _attempt(settings: RedisSettings) -> str | None:
    """Return why sessions cannot be written yet; None when they can."""
    connection = ProbeConnection(settings)
    try:
        _ask_sentinels(connection.client, settings)
        connection.probe()
        probe(settings, connection)
        eviction.warn(connection.client)
    except SessionLost as error:
        return str(error)
    except UnicodeError:
        raise ConfigurationError([f"{PREFIX}{_address(settings)}: must be a host name"]) from None
    except redis_error_classes() as error:
        address = _address(settings)
        mistake = mistake_of(error, address=address)
        if mistake := mistake or mistake_of(_unread_alert(settings, error), address=address):
            raise ConfigurationError([mistake]) from None
        return _reason(settings, error) + _hint(settings, error)
    except (OSError, TypeError, ValueError) as error:
        # an unexpected error: its text may contain a value of the settings
        what = f"cannot be used ({type(error).__name__})"
        raise ConfigurationError([f"{PREFIX}{_address(settings)}: {what}"]) from None
    finally:
        connection.close()
    return None


def _unread_alert(settings: RedisSettings, error: Exception) -> Exception:
    """Return the TLS alert of a server that closed the connection, else the error itself.

    With TLS 1.3 a client may write before it reads that its certificate was refused, and then sees
    only a closed connection. A connection that writes nothing reads the alert.
    """
    elsewhere = settings.url or settings.sentinel_host or settings.cluster
    if elsewhere or not any(isinstance(e, ssl.SSLEOFError) for e in _causes(error)):
        return error
    context = ssl.create_default_context(cafile=settings.tls_ca)
    if settings.tls_cert:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    address = (settings.host, settings.port)
    try:
        with (
            socket.create_connection(address, settings.connect_timeout) as connection,
            context.wrap_socket(connection, server_hostname=settings.host) as encrypted,
        ):
            encrypted.settimeout(settings.read_timeout)
            encrypted.recv(1)
    except OSError as alert:
        return alert
    return error


def _address(settings: RedisSettings) -> str:
    """Return the end of the name of the variable with the server's address."""
    if settings.sentinel_host:
        return "SENTINEL_HOST"
    return "URL" if settings.url else "HOST"


def _reason(settings: RedisSettings, error: Exception) -> str:
    """Return the text of an error, without the address of a URL: it may contain a password."""
    reason = without_session_ids(str(error))
    if settings.url and not settings.sentinel_host:
        reason = _CONNECTING.sub("at the server:", reason)
    return reason


def _hint(settings: RedisSettings, error: Exception) -> str:
    """Return a hint about TLS if the server is silent or closes the connection."""
    import redis

    if settings.tls and isinstance(error, redis.TimeoutError):
        return f" (does it speak TLS? {PREFIX}TLS is on)"
    hung_up = ("closed by server", "reset by peer")
    if any(text in str(error) for text in hung_up) and not settings.tls:
        return f" (does it want TLS? {PREFIX}TLS is off)"
    return ""


def _ask_sentinels(client: Any, settings: RedisSettings) -> None:
    """Ask each Sentinel for the master, because redis-py hides mistakes as unreachable Sentinels.

    :raises ConfigurationError: for a refused password or an unknown name of the master
    """
    import redis

    sentinel = sentinel_of(client)
    failed: list[redis.RedisError] = []
    for one in sentinel.sentinels if sentinel else ():
        try:
            if settings.sentinel_master_name in one.sentinel_masters():
                return
        except redis.RedisError as error:
            failed.append(error)
        else:
            raise ConfigurationError(
                [f"{PREFIX}SENTINEL_MASTER_NAME: the Sentinels know no server by this name"]
            )
    for failure in failed:
        if mistake := mistake_of(failure, "SENTINEL_"):
            raise ConfigurationError([mistake])


def mistake_of(error: Exception, kind: str = "", address: str = "HOST") -> str | None:
    """Return the sentence for an error that waiting does not solve, None for another error."""
    for cause in _causes(error):
        found = _of_tls(cause, kind) or _of_host(cause, f"{kind}{address}")
        if found:
            return found
    # without the texts around the error: redis-py adds the command, which contains values
    reason = without_session_ids(str(error))
    if is_refusal(error):
        name, what = "PASSWORD", f"refused ({reason}), or {PREFIX}{kind}USERNAME is wrong"
        if "permission" in reason.lower():
            name, what = "USERNAME", f"may not use the keys of the sessions ({reason})"
        return f"{PREFIX}{kind}{name}: {what}"
    if unknown := _UNKNOWN_COMMAND.match(reason):
        what = f"the server does not know {unknown[1].upper()}, which sessions need"
        return f"{PREFIX}{kind}{address}: {what}"
    for text, name in ANSWERS:
        if text in str(error) or text == getattr(error, "status_code", ""):
            return f"{PREFIX}{name}: the server does not fit it ({reason})"
    return None


def _of_host(error: BaseException, variable: str) -> str | None:
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return f"{PREFIX}{variable}: the name of the server is unknown"
    if isinstance(error, PermissionError):
        return f"{PREFIX}SOCKET: this process may not use it"
    return None


def _of_tls(error: BaseException, kind: str) -> str | None:
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return None
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{PREFIX}TLS_CA: the certificate is not trusted ({error.verify_message})"
    reason = error.reason or str(error)
    if "CERTIFICATE_REQUIRED" in reason or "UNKNOWN_CA" in reason:
        return f"{PREFIX}TLS_CERT: the server wants a certificate that it trusts ({reason})"
    return f"{PREFIX}{kind}TLS: no connection with TLS ({reason})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
