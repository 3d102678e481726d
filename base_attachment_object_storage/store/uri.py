"""Names of stored objects, as the column ``store_fname`` holds them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreUri:
    """``scheme://container/key``; the key may contain anything, also ``?``, ``#`` and ``/``.

    It is a name and no URL: nothing in it is quoted.
    """

    scheme: str
    container: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.container}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> "StoreUri":
        """Return the parts of ``text``.

        :raises ValueError: when it has no scheme, no container or no key
        """
        scheme, _colon, rest = text.partition("://")
        container, _slash, key = rest.partition("/")
        if not (scheme and container and key):
            raise ValueError(f"not a name like scheme://container/key: {text!r}")
        return cls(scheme, container, key)
