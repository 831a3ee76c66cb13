"""Makes the session's folder appear as /mnt/data to Python code; a convenience, which protects nothing.

An unprivileged process can mount nothing, so the functions that take a path are wrapped. A library that opens files by
itself, in C, does not see /mnt/data: it needs a relative path (the working folder is the same).
"""

import builtins
import io
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

DATA = "/mnt/data"
TAKERS = (
    "access", "chdir", "chmod", "chown", "link", "listdir", "lstat", "mkdir", "open", "readlink", "remove", "rename",
    "replace", "rmdir", "scandir", "stat", "statvfs", "symlink", "truncate", "unlink", "utime",
)  # fmt: skip


def show_as_data(folder: str) -> None:
    """From now on paths under /mnt/data mean those under `folder`, and the working folder is told so."""

    def there(path: Any) -> Any:
        plain = os.fspath(path) if isinstance(path, os.PathLike) else path
        if isinstance(plain, bytes):
            found = _moved(os.fsdecode(plain), DATA, folder)
            return path if found is None else os.fsencode(found)
        found = _moved(plain, DATA, folder) if isinstance(plain, str) else None
        return path if found is None else found

    for name in TAKERS:
        setattr(os, name, _wrapped(getattr(os, name), there))
    builtins.open = io.open = _wrapped(io.open, there)
    before = os.getcwd

    def getcwd() -> str:
        now = before()
        return _moved(now, folder, DATA) or now

    os.getcwd = getcwd


def _moved(path: str, source: str, target: str) -> str | None:
    """A path that is `source` or below it, below `target` instead."""
    if path == source or path.startswith(source + "/"):
        return target + path[len(source) :]
    return None


def _wrapped(function: Callable[..., Any], there: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*map(there, args), **{name: there(value) for name, value in kwargs.items()})

    return call
