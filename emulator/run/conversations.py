"""Conversations as everyone else uses them: made, found, changed, and held by one run at a time; it knows no item.

A run that saves what it says holds its conversation: a foreground run by a lease of the machine's clock that it renews
as long as it goes on, a background run as long as its response has not ended. So whatever a crash leaves held comes
free by itself, and two servers on one database respect each other.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import orjson

from emulator.core.clock import machine_time, real_seconds
from emulator.core.errors import ApiError
from emulator.core.states import ENDED
from emulator.run.conversation_turns import leave_conversation
from emulator.run.namespace import Namespace
from emulator.run.settle import settle
from emulator.store import conversations as rows
from emulator.store.conversations import ConversationRow
from emulator.store.engine import Rows, StoreBusy
from emulator.store.responses import ResponseRow

LEASE = 60.0  # seconds of the machine after which a run that nobody renews holds its conversation no more
RENEWED = 20.0


async def find(namespace: Namespace, conversation_id: str) -> ConversationRow:
    """A conversation with all that its runs have left by now; raises `conversation_not_found`."""
    row = await _saved(namespace, conversation_id)
    if row is not None and row.running is not None and row.until is None:
        await settle(namespace, row.running)
        row = await _saved(namespace, conversation_id)
    if row is None or row.deleted_at is not None:
        raise ApiError("conversation_not_found", id=conversation_id)
    return row


async def _saved(namespace: Namespace, conversation_id: str) -> ConversationRow | None:
    return await namespace.store.read(partial(rows.get, namespace=namespace.name, conversation_id=conversation_id))


async def find_free(namespace: Namespace, conversation_id: str) -> ConversationRow:
    """The same where no run holds it; raises `conversation_locked`."""
    row = await find(namespace, conversation_id)
    await _refuse_held(namespace, row)
    return row


async def _refuse_held(namespace: Namespace, row: ConversationRow) -> None:
    if row.running is None:
        return
    if row.until is not None:
        held = row.until > machine_time()
    else:  # one that is deleted or expired holds nothing
        response = await settle(namespace, row.running)
        held = response is not None and response.status not in ENDED
    if held:
        raise _locked()


def _locked() -> ApiError:
    return ApiError("conversation_locked", "conversation")


async def change(namespace: Namespace, conversation_id: str, metadata: Mapping[str, str]) -> ConversationRow:
    """Replace the metadata, whoever holds it; raises `conversation_not_found`."""
    row = await find(namespace, conversation_id)
    await namespace.store.write(partial(rows.set_metadata, row=row, metadata=orjson.dumps(metadata)), key=row.id)
    return await find(namespace, conversation_id)


async def remove(namespace: Namespace, conversation_id: str) -> None:
    """Delete a conversation, whoever holds it; what responses have read of it stays for them."""
    await find(namespace, conversation_id)
    hide = partial(rows.hide, namespace=namespace.name, conversation_id=conversation_id, now=namespace.clock.now())
    if not await namespace.store.write(hide, key=conversation_id):
        raise ApiError("conversation_not_found", id=conversation_id)


class Hold:
    """One run's hold on a conversation: nobody else changes its items until the run has saved, or has gone."""

    def __init__(self, namespace: Namespace, row: ConversationRow, response_id: str) -> None:
        self._namespace = namespace
        self._row = row
        self._by = response_id
        self._done = False

    async def save(self, row: ResponseRow, new: Rows) -> None:
        """Save the `new` rows of the response; if it has ended the conversation gets its items and is free.

        Raises `conversation_locked`, and then nothing is saved, where another run took it over.
        """
        leave = leave_conversation(row) or partial(rows.renew, **self._key, until=None)
        work = partial(rows.save_turn, seen=self._row, row=row, new=new, leave=leave)
        saved = await self._namespace.store.write(work, key=row.id)
        self._done = True
        if not saved:
            raise _locked()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Hold on to the conversation as long as the block takes; what was not saved by then is given up."""
        renewing = asyncio.get_running_loop().create_task(self._renew_for_ever())
        try:
            yield
        finally:
            renewing.cancel()
            self.give_up()

    def give_up(self) -> None:
        """Free the conversation as it was, unless it was left already; whoever cancels the run need not wait for it."""
        if not self._done:
            self._done = True
            self._namespace.begin(self._release())

    @property
    def _key(self) -> dict[str, Any]:
        return {"namespace": self._row.namespace, "conversation_id": self._row.id, "by": self._by}

    async def _release(self) -> None:
        with suppress(StoreBusy):  # then its lease runs out
            await self._namespace.store.write(partial(rows.release, **self._key), key=self._row.id)

    async def _renew_for_ever(self) -> None:
        while True:
            await real_seconds(RENEWED)
            renew = partial(rows.renew, **self._key, until=machine_time() + LEASE)
            with suppress(StoreBusy):  # there is time for another
                await self._namespace.store.write(renew, key=self._row.id)


async def hold(namespace: Namespace, row: ConversationRow, response_id: str) -> Hold:
    """Let a run have a conversation as it is in `row`; `conversation_locked` where another has or changed it."""
    await _refuse_held(namespace, row)
    work = partial(rows.hold, seen=row, by=response_id, until=machine_time() + LEASE)
    if not await namespace.store.write(work, key=row.id):
        raise _locked()
    return Hold(namespace, row, response_id)
