"""The journal's recorder: entries wait in a buffer and are saved together, a moment later; it answers nobody.

A request only leaves what was seen of it. At most `LATEST` seconds later one task makes the entries, saves them in one
statement and trims the rings. In a flood it waits for `FLOODED` seconds: of what comes in a second a ring keeps but a
part, and what nobody could ever read need not be made. Whoever reads the journal calls `flush` first.
"""

import asyncio
import logging
from collections import deque
from functools import partial
from typing import Any

from emulator.core.clock import Clock, breathe
from emulator.run.entry import Seen
from emulator.run.namespace import Bell
from emulator.run.tally import Tally
from emulator.store import journal as rows
from emulator.store.engine import Store
from emulator.store.journal import RING

LATEST, FLOODED = 0.1, 1.0  # seconds of the machine
FLOOD = RING / FLOODED  # entries of a namespace in a second
AT_ONCE = 16  # entries made before others get their turn
MOST_BYTES = 32 * 1024 * 1024  # of bodies that wait; beyond that an entry goes without
_log = logging.getLogger("emulator")


class Journal:
    """The requests that one server has seen and not saved yet. `clock` is the machine's."""

    def __init__(self, store: Store, clock: Clock, tally: Tally) -> None:
        self.clock = clock
        self.bell = Bell()  # rings with a namespace's name when something new of it was seen
        self._store = store
        self._tally = tally
        tally.stirred = self._soon
        # No more wait of a namespace than its ring keeps.
        self._waiting: dict[str, deque[Seen]] = {}
        self._weight = 0
        self._wait = LATEST
        self._saving = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def record(self, seen: Seen) -> None:
        """Take note of a request that has been answered, or never will be."""
        if not seen.at:  # refused before its namespace was known
            seen.at = self.clock.now()
        weight = seen.weight
        if self._weight + weight > MOST_BYTES:
            seen.forget()
            weight = 0
        self._weight += weight
        waiting = self._waiting.get(seen.namespace)
        if waiting is None:
            waiting = self._waiting[seen.namespace] = deque(maxlen=RING)
        waiting.append(seen)
        self._soon()
        self.bell.ring(seen.namespace)

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._wait, self._begin)

    async def flush(self) -> None:
        """Return once all that was recorded so far is saved."""
        if self._waiting or self._tally or self._saving.locked():
            await asyncio.shield(self._begin())  # a reader who leaves loses nobody's entries

    async def stop(self) -> None:
        """Save what is left; call it before the store is closed."""
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._save())
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("requests could not be saved in the journal: %s", error)

    async def _save(self) -> None:
        async with self._saving:
            waiting, self._waiting = self._waiting, {}
            flooded = any(len(entries) >= FLOOD * self._wait for entries in waiting.values())
            self._wait = FLOODED if flooded else LATEST
            counted = self._tally.take()
            self._weight = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            made: list[dict[str, Any]] = []
            for entries in waiting.values():
                for seen in entries:
                    made.append(seen.row())
                    if len(made) % AT_ONCE == 0:
                        await breathe()
            if made or counted:
                await self._store.write(partial(rows.add, rows=made, counted=counted))
