"""Put content into a store under its own key; for the ORM and for the threads of a move."""

import functools

from ..ownership.keys import is_owned, key_of_digest
from ..store import Conflict, Content, NotFound, ObjectStore, Refused
from ..store.base import OCTETS

# from here on it is cheaper to ask first: two requests instead of sending the same again
ASK_FIRST = 256 * 1024  # bytes

# types that a browser would run: the store's own address never serves them with their type
SCRIPTABLE = ("html", "xml", "svg", "javascript", "ecmascript", "xsl", "mathml")


def put_content(store: ObjectStore, key: str, content: Content, mimetype: str) -> None:
    """Store content under a key that names it, unless the object exists."""
    # a key of another form may have had other content
    if content.size > ASK_FIRST and is_owned(key) and _is_there(store, key, content.size):
        return
    store.put(key, content, content_type=stored_type(mimetype))


def put_new_content(store: ObjectStore, key: str, content: Content, mimetype: str) -> bool:
    """Store content under a key that does not name it; return False if the key has another.

    Content under a name never changes: rows of this database or of a copy may have the name.
    """
    try:
        store.put_new(key, content, content_type=stored_type(mimetype))
    except Conflict:
        return _has_content(store, key, content)
    return True


def put_owned(store: ObjectStore, owner: str, content: Content, mimetype: str) -> str:
    """Store content as an object of an owner, unless the object exists; return its key."""
    key = key_of_digest(owner, content.sha256)
    put_content(store, key, content, mimetype)
    return key


@functools.lru_cache(maxsize=1024)
def stored_type(mimetype: str) -> str:
    """Return the Content-Type of an object whose attachment has a MIME type."""
    name = (mimetype or "").partition(";")[0].strip().lower()
    safe = name.isascii() and name.count("/") == 1 and not any(s in name for s in SCRIPTABLE)
    return name if safe and name.isprintable() and " " not in name else OCTETS


def _has_content(store: ObjectStore, key: str, content: Content) -> bool:
    try:
        with store.open(key) as reader:
            return (
                reader.size == content.size
                and Content.from_chunks(reader, reader.size).sha256 == content.sha256
            )
    except NotFound:
        return False


def _is_there(store: ObjectStore, key: str, size: int) -> bool:
    try:
        return store.head(key).size == size
    except (NotFound, Refused):
        # without the right to list, S3 refuses to say that an object is missing
        return False
