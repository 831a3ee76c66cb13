"""What a request in one namespace reaches: its store, clock, ids, fixtures and settings; it decides nothing."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from emulator.core.clock import Clock, first_of, real_seconds
from emulator.core.ids import Ids
from emulator.core.records import dataclass
from emulator.documents.reader import Documents
from emulator.run.tally import Tally
from emulator.script.fault import Fault
from emulator.script.fixture import Fixture
from emulator.script.limit import Limit
from emulator.script.order import Fixtures
from emulator.settings import Settings
from emulator.store.engine import Store
from emulator.store.webhooks import WebhookRow

if TYPE_CHECKING:
    from emulator.run.settle import Derivation
    from emulator.sandbox.room import Sandbox


LOOK_AGAIN = 1.0  # real seconds until a follower looks at what other servers did


class Bell:
    """Rings for those who follow a response, after something of it was committed by this process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def ring(self, response_id: str) -> None:
        """Wake everyone who listens for this response."""
        for event in self._listeners.get(response_id, ()):
            event.set()

    def heard(self, response_id: str) -> bool:
        """Whether anyone listens for this response."""
        return response_id in self._listeners

    @contextmanager
    def listening(self, response_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the response changes, until the block ends."""
        event = asyncio.Event()
        listeners = self._listeners.setdefault(response_id, set())
        listeners.add(event)
        try:
            yield event
        finally:
            listeners.discard(event)
            if not listeners:
                self._listeners.pop(response_id, None)


@dataclass(slots=True)
class Namespace:
    """One namespace of one server. `stopping` is set when the server ends its streams.

    `locks` keep the readers of one response in this process from deriving the same events twice; order between
    processes belongs to the store's guard alone. `live` holds the derivations that a follower goes on with.

    `seal_keys` open its encrypted content, the first of them seals it.

    `fixtures` are in order of precedence: those of the files (`from_files`) and those `added` at run time. `tally`
    takes what need not be counted in the store at once. `tasks` do outside work for background runs. `documents` reads
    the PDFs of the whole server, `sandbox` really runs code, where the settings say so.
    """

    name: str
    settings: Settings
    store: Store
    clock: Clock
    ids: Ids
    stopping: asyncio.Event
    tally: Tally = field(default_factory=Tally)
    fixtures: Fixtures = field(default_factory=Fixtures)
    from_files: Fixtures = field(default_factory=Fixtures)
    added: tuple[Fixture, ...] = ()
    unmatched: str = "answer"
    faults: tuple[Fault, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    revision: int = -1
    seed: str | None = None
    seal_keys: tuple[bytes, ...] = field(default=(), repr=False)
    bell: Bell = field(default_factory=Bell)
    locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)
    live: "dict[str, Derivation]" = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    webhooks: tuple[WebhookRow, ...] = ()
    watched: set[str] = field(default_factory=set)
    sandbox: "Sandbox | None" = None
    documents: Documents = field(default_factory=Documents)

    def lock(self, response_id: str) -> asyncio.Lock:
        """The lock of one response in this process."""
        lock = self.locks.get(response_id)
        if lock is None:
            lock = self.locks[response_id] = asyncio.Lock()
        return lock

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Let outside work go on by itself; the server's stop ends it."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @contextmanager
    def following(self, response_id: str) -> Iterator[asyncio.Event]:
        """Listen for a response; its derivation goes with the last who does."""
        try:
            with self.bell.listening(response_id) as rung:
                yield rung
        finally:
            if not self.bell.heard(response_id):
                self.live.pop(response_id, None)

    async def pause(self, until: float, rung: asyncio.Event | None = None) -> bool:
        """Sleep until that time of the clock, a ring, or the server's stop; False: the server is stopping."""
        waits = [self.clock.sleep_until(until), self.stopping.wait()]
        if rung is not None:
            waits.append(rung.wait())
            if self.store.shared:  # the bell rings in one process only
                waits.append(real_seconds(LOOK_AGAIN))
        await first_of(*waits)
        return not self.stopping.is_set()
