"""The round trips of sessions, sent by ``redis_io`` and by redis-py's pipeline.

Both use the same pool with its guard, and hiredis; only packing, sending and reading differ.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from odoo.addons.session_redis.redis_io import commands
from odoo.addons.session_redis.session_store.store import RedisSessionStore
from odoo.addons.session_redis.settings import RedisSettings

from .rounds import compare

OPERATIONS = 40
ROUNDS = 15
LATENCIES_MS = (0, 1, 5)  # of a request and its answer together

Send = Callable[[Any, Sequence[commands.Command]], list[Any] | None]


def by_pipeline(client: Any, sent: Sequence[commands.Command]) -> list[Any]:
    """Send commands with redis-py's public interface."""
    pipe = client.pipeline(transaction=False)
    for command in sent:
        pipe.execute_command(*command)
    return list(pipe.execute(raise_on_error=False))


CONTENDERS: dict[str, Send] = {
    "redis-py's pipeline": by_pipeline,
    "redis_io": commands._send_to_pool,
}


def session_client(
    settings: RedisSettings, works: Sequence[Callable[..., Any]], sid_in: Callable[[Any], str]
) -> None:
    """Print the rate of each contender for each work, which gets a store and a session id."""
    store = RedisSessionStore(settings)
    sid = sid_in(store)

    def repeat(send: Send, work: Callable[..., Any]) -> None:
        vars(commands)["_send_to_pool"] = send
        for _number in range(OPERATIONS):
            work(store, sid)

    try:
        for work in works:
            contenders = {
                name: functools.partial(repeat, send, work) for name, send in CONTENDERS.items()
            }
            compare(work.__name__, contenders, OPERATIONS, rounds=ROUNDS)
    finally:
        vars(commands)["_send_to_pool"] = CONTENDERS["redis_io"]
        store.connection.close()
