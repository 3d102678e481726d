"""What goes wrong with an object store.

StoreError
├── NotFound        no such object
├── Refused         credentials, rights, a missing container, or a request that the store
│   │               does not take
│   └── OutOfRange  the object has fewer bytes than the range begins with
├── Unavailable     no answer in time, no connection, or the store says "later"
├── Unfinished      done in part, as much as one request does
├── Conflict        something else happened to the object or container at the same time
└── Integrity       the bytes are not those that their checksum names
"""


class StoreError(Exception):
    """An object store did not do what it was asked."""


class NotFound(StoreError):
    """The object does not exist.

    A missing container is ``Refused`` wherever the store tells the two apart: a wrong
    setting must not look like lost files.
    """


class Refused(StoreError):
    """The store understood and said no; to ask again does not help."""


class OutOfRange(Refused):
    """A range begins behind the last byte of its object."""


class Unavailable(StoreError):
    """The store gave no usable answer in time; to ask again later may help."""


class Unfinished(StoreError):
    """The store has done a part: to ask again does the rest."""


class Conflict(StoreError):
    """The object or container is not in the state that the request expects."""


class Integrity(StoreError):
    """The bytes received are not the bytes that the checksum names."""
