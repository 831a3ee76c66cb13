"""Keeps Python's collector still while much is made that stays, as by imports; it frees nothing itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_still() -> Iterator[None]:
    """No collection until the block ends: it would go through all modules again and again, a tenth of a start."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
