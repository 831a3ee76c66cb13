"""Deletes what has expired while the server runs, in small batches so that no request waits; it decides no expiry."""

from contextlib import suppress
from functools import partial

from emulator.run.namespaces import Namespaces
from emulator.run.watch import look_after
from emulator.store import namespaces as rows
from emulator.store.engine import Store, StoreBusy

EVERY = 60.0  # seconds of the machine's clock
AT_ONCE = 200  # rows


async def sweep_for_ever(namespaces: Namespaces) -> None:
    """Sweep now, then once a minute; each namespace by its own clock."""
    while True:
        with suppress(StoreBusy):  # then the next one does it
            for row in await namespaces.store.read(rows.names):
                namespace = await namespaces.open(row.name)
                await sweep(namespaces.store, row.name, namespace.clock.now())
                await look_after(namespace)
        await namespaces.clock.sleep_until(namespaces.clock.now() + EVERY)


async def sweep(store: Store, name: str, now: float) -> int:
    """Delete all of a namespace that is due at `now`; how many rows went. Reads refuse them without it."""
    from emulator.store import containers, conversations, files, responses, uploads, vector_stores, webhooks

    gone = 0
    for table in (responses, files, uploads, containers, vector_stores, conversations, webhooks):
        batch = 1
        while batch:  # what a batch took may have been all that kept others
            batch = await store.write(partial(table.sweep, namespace=name, now=now, most=AT_ONCE))
            gone += batch
    return gone
