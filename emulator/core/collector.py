"""Keeps Python's collector still while much is made that stays, as by imports; it frees nothing itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_still() -> Iterator[None]:
    """No collection until the block ends: it would go through all modules again and again, a tenth of a start.

    Nor right after it: what was made counts as old at once, where a collection of the young would find it all alive.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # what somebody froze stays frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
