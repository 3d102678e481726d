"""Deleting one object after the other, where a server has no bulk request."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .errors import NotFound, StoreError, Unavailable

THREADS = 8

# servers, as their settings name them, that are known to have no bulk request
without_bulk: set[str | None] = set()


def delete_singly(keys: Sequence[str], delete: Callable[[str], None]) -> dict[str, StoreError]:
    """Call ``delete`` for each key, in some threads; return the errors.

    The first ``Unavailable`` ends it: the time that it takes is not spent for each key.
    """
    outage: list[Unavailable] = []

    def attempt(key: str) -> StoreError | None:
        if outage:
            return outage[0]
        try:
            delete(key)
        except NotFound:
            return None
        except Unavailable as error:
            outage.append(error)
            return error
        except StoreError as error:
            return error
        return None

    with ThreadPoolExecutor(min(THREADS, len(keys) or 1)) as threads:
        errors = threads.map(attempt, keys)
        return {key: error for key, error in zip(keys, errors, strict=True) if error}
