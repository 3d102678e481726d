"""Serializes ``ast.parse`` where CPython's own is not safe under threads (gh-106905)."""

import ast
import functools
import threading

_lock = threading.Lock()
_parse = ast.parse


@functools.wraps(_parse)
def _parse_alone(*arguments, **options):
    with _lock:
        return _parse(*arguments, **options)


ast.parse = _parse_alone
