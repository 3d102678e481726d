"""Pages and reports go on without a file that cannot be read, as they do without a missing one.

While a template is rendered, such content is empty; afterwards it is unknown again, so that
nothing that is written can begin with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# an item for each content that was shown as empty; None: content must be readable
_shown_as_empty: ContextVar[list[bool] | None] = ContextVar("shown_as_empty", default=None)
_is_stored: ContextVar[bool] = ContextVar("rendered_content_is_stored", default=False)


def shows_unreadable() -> bool:
    """Return True while a page is rendered, and note that it is incomplete."""
    shown = _shown_as_empty.get()
    if shown is None or _is_stored.get():
        return False
    shown.append(True)
    return True


@contextmanager
def showing() -> Iterator[list[bool]]:
    """Let unreadable content be empty; gives a list that has an item if there was any."""
    shown: list[bool] = []
    token = _shown_as_empty.set(shown)
    try:
        yield shown
    finally:
        _shown_as_empty.reset(token)


@contextmanager
def storing() -> Iterator[None]:
    """Raise errors for unreadable content, because the rendered document is going to be stored."""
    token = _is_stored.set(True)
    try:
        yield
    finally:
        _is_stored.reset(token)
