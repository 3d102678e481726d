"""What goes wrong with an object store.

StoreError
├── NotFound        no such object or container
├── Refused         credentials, rights or a request that the store does not take
├── Unavailable     no answer in time, no connection, or the store says "later"
├── Conflict        something else happened to the object or container at the same time
└── Integrity       the bytes are not those that their checksum names
"""


class StoreError(Exception):
    """An object store did not do what it was asked."""


class NotFound(StoreError):
    """The object or its container does not exist."""


class Refused(StoreError):
    """The store understood and said no; to ask again does not help."""


class Unavailable(StoreError):
    """The store gave no usable answer in time; to ask again later may help."""


class Conflict(StoreError):
    """The object or container is not in the state that the request expects."""


class Integrity(StoreError):
    """The bytes received are not the bytes that the checksum names."""
