"""Keys of the objects that a database owns.

``{prefix of the owner}/{2 hex}/{sha256}``: named by content, so that the same content is
stored once, and by owner, so that databases may share a bucket. The two digits make 256
shards. Keys of any other form (the old suite wrote the bare SHA-1) are read as they are.
"""

import hashlib
import posixpath
import re

from ..store.errors import Integrity

# the folder is the first byte of the digest: by it writers lock, and collection looks for marks
_OWNED_KEY = re.compile(r"[^/]+/(?P<shard>[0-9a-f]{2})/(?P<sha256>(?P=shard)[0-9a-f]{62})")
_CLAIM = "/owner.json"


def owned_key(owner: str, content: bytes) -> str:
    """Return the key under which an owner keeps ``content``."""
    return key_of_digest(owner, hashlib.sha256(content).hexdigest())


def key_of_digest(owner: str, sha256: str) -> str:
    """Return the key under which an owner keeps the content with a digest (hexadecimal)."""
    return f"{owner}/{sha256[:2]}/{sha256}"


def is_owned(key: str) -> bool:
    """Return True if a key has the form of the keys that owners have."""
    return bool(_OWNED_KEY.fullmatch(key))


def claim_key(owner: str) -> str:
    """Return the key of an owner's claim, which is like no key of content."""
    return owner + _CLAIM


def plain(key: str) -> str:
    """Return a key as servers understand it that keep objects in folders."""
    return posixpath.normpath(f"/{key}").lstrip("/")


def may_name(key: str, sha256: str) -> bool:
    """Return True unless a key is empty, a claim's, or names other content."""
    key = plain(key)
    owned = _OWNED_KEY.fullmatch(key)
    return owned["sha256"] == sha256 if owned else bool(key) and not key.endswith(_CLAIM)


def check_content(key: str, content: bytes) -> None:
    """Compare content with the checksum in its key; other keys say nothing about it.

    :raises Integrity: when the key names other content
    """
    if is_owned(key):
        check_digest(key, hashlib.sha256(content).hexdigest())


def check_digest(key: str, sha256: str) -> None:
    """Compare the digest of content with the one in its key, as ``check_content()`` does."""
    owned = _OWNED_KEY.fullmatch(key)
    if owned and owned["sha256"] != sha256:
        raise Integrity(f"the content of {key} is not what its key names")
