"""Delete objects one by one, for servers without a bulk request."""

from collections.abc import Callable, Sequence

from .errors import NotFound, StoreError, Unavailable
from .threads import each

PARALLEL_DELETES = 8

# servers, as their settings name them, that are known to have no bulk request
without_bulk: set[str | None] = set()


def delete_singly(keys: Sequence[str], delete: Callable[[str], None]) -> dict[str, StoreError]:
    """Call ``delete`` for each key, in parallel; return the errors by key.

    The first ``Unavailable`` is the error of all keys that follow: otherwise each key would
    wait for a timeout.
    """
    outage: list[Unavailable] = []

    def attempt(key: str) -> tuple[str, StoreError | None]:
        if outage:
            return key, outage[0]
        try:
            delete(key)
        except NotFound:
            return key, None
        except Unavailable as error:
            outage.append(error)
            return key, error
        except StoreError as error:
            return key, error
        return key, None

    errors = dict(each(attempt, keys, PARALLEL_DELETES))
    return {key: error for key in keys if (error := errors[key])}
