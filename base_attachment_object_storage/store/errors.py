"""Errors of an object store.

StoreError
├── NotFound        no such object
├── Refused         credentials, rights, a missing container, or an unsupported request
│   └── OutOfRange  the range begins after the end of the object
├── Unavailable     no response in time, no connection, or the store is overloaded
├── Unfinished      one request has done a part
├── Conflict        another client has changed the object or container
└── Integrity       the bytes do not match their checksum
"""


class StoreError(Exception):
    """An operation on an object store failed."""


class NotFound(StoreError):
    """The object does not exist.

    A missing container is ``Refused``, if the store distinguishes the two: a wrong setting must
    not look like lost files.
    """


class Refused(StoreError):
    """The store refused the request; repeating it does not help."""


class OutOfRange(Refused):
    """A range begins after the last byte of its object."""


class Unavailable(StoreError):
    """The store sent no usable response in time; repeating the request later may help."""


class Unfinished(StoreError):
    """The store has done a part; repeating the request does the rest."""


class Conflict(StoreError):
    """The object or container is not in the expected state."""


class Integrity(StoreError):
    """The received bytes do not match their checksum."""
