"""HTTP addresses in settings: which parts they may have. No message shows any of them."""

import re

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<login>[^/?#@\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)"
    r"(?::(?P<port>\d{1,5}))?(?P<path>/[\w.~/%-]*)?",
    re.ASCII,
)


def http_url(text: str, example: str) -> str:
    """Return an address that may have a path, and neither user, password, query nor fragment.

    :raises ValueError: when it is another one
    """
    found = _match(text, example)
    if found["login"] is not None:
        raise ValueError("may not have a user or a password")
    return text


def proxy_url(text: str) -> str:
    """Return the address of a proxy, which may have a user and a password, and nothing else.

    :raises ValueError: when it is another one
    """
    found = _match(text, "http://proxy.example.com:3128")
    if (found["path"] or "/") != "/":
        raise ValueError("may not have a path: in a password, write / as %2F")
    return text


def _match(text: str, example: str) -> re.Match[str]:
    found = _URL.fullmatch(text)
    if not found or not 0 < int(found["port"] or 1) < 65536:
        raise ValueError(
            f"must be an http(s) URL, for example {example}: without white space, query and "
            "fragment, the port a number from 1 to 65535"
        )
    return found
