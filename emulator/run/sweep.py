"""Deletes what has expired while the server runs, in small batches so that no request waits; it decides no expiry."""

from contextlib import suppress
from functools import partial

from emulator.core.clock import Clock
from emulator.store import files, responses
from emulator.store.engine import Store, StoreBusy

EVERY = 60.0  # seconds of the clock
AT_ONCE = 200  # rows


async def sweep_for_ever(store: Store, clock: Clock) -> None:
    """Sweep now, then once a minute of the clock."""
    while True:
        with suppress(StoreBusy):  # then the next one does it
            await sweep(store, clock.now())
        await clock.sleep_until(clock.now() + EVERY)


async def sweep(store: Store, now: float) -> int:
    """Delete all responses and files that are due at `now`; how many went. Reads refuse them without it."""
    gone = 0
    for table in (responses, files):
        batch = 1
        while batch:  # what a batch took may have been all that kept others
            batch = await store.write(partial(table.sweep, now=now, most=AT_ONCE))
            gone += batch
    return gone
