"""Names of stored objects, in the column ``store_fname``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreUri:
    """``scheme://container/key``; the key may contain anything, also ``?``, ``#`` and ``/``.

    It is a name, not a URL: nothing in it is quoted.
    """

    scheme: str
    container: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.container}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> "StoreUri":
        """Return the parts of ``text``.

        :raises ValueError: if the scheme, the container or the key is missing
        """
        scheme, _colon, rest = text.partition("://")
        container, _slash, key = rest.partition("/")
        if not (scheme and container and key):
            raise ValueError(f"not a name like scheme://container/key: {text!r}")
        return cls(scheme, container, key)
