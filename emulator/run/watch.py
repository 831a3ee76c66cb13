"""Settles background responses that nobody asks for, where webhooks wait for their end; it sends nothing itself.

A watched response is not polled: it ends when the clock says so, or when somebody else moves it.
"""

from contextlib import suppress
from functools import partial

from emulator.core.states import ENDED
from emulator.run import deliveries
from emulator.run.namespace import Namespace
from emulator.run.settle import settle_and_look
from emulator.store import responses as rows
from emulator.store.engine import StoreBusy
from emulator.store.responses import ResponseRow


def watch(namespace: Namespace, row: ResponseRow) -> None:
    """Settle a response whenever something of it is due, until it has ended or the server stops; then it is told."""
    if row.status in ENDED:
        deliveries.wake(namespace)
    elif row.id not in namespace.watched:
        namespace.watched.add(row.id)
        namespace.begin(_watch(namespace, row.id))


async def look_after(namespace: Namespace) -> None:
    """Take up what a server that died left: responses that have not ended, and deliveries."""
    if namespace.webhooks:
        for row in await namespace.store.read(partial(rows.unfinished, namespace=namespace.name)):
            watch(namespace, row)
    deliveries.wake(namespace)


async def _watch(namespace: Namespace, response_id: str) -> None:
    try:
        with namespace.following(response_id) as rung, suppress(StoreBusy):  # then the sweep begins it again
            while True:
                rung.clear()
                row, due = await settle_and_look(namespace, response_id)
                if row is None or row.status in ENDED or not await namespace.pause(due, rung):
                    return
    finally:
        namespace.watched.discard(response_id)
