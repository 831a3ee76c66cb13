"""Counts the requests of the journal that a fixture's `when` matches, and waits for them; it matches nothing itself."""

import asyncio
import heapq
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import orjson

from emulator.core import deployments
from emulator.core.chain import CALLS, OUTPUTS, Calls, ChainState
from emulator.core.clock import breathe, first_of, monotonic
from emulator.core.deployments import Deployment
from emulator.core.dialects import OPENAI
from emulator.core.document import Document
from emulator.core.errors import ApiError
from emulator.core.ids import ItemIds
from emulator.core.items import normalise
from emulator.core.records import dataclass
from emulator.core.requests import parse_create
from emulator.run.attachments import read_attachments
from emulator.run.journal import Journal
from emulator.run.namespace import Namespace
from emulator.script.ask import Ask
from emulator.script.fixture import Fixture
from emulator.script.match import Row, conditions
from emulator.store import conversations, responses
from emulator.store import journal as rows
from emulator.store.conversations import TurnRow
from emulator.store.journal import RING, Wanted
from emulator.store.responses import ResponseRow

NEAREST = 3
AT_ONCE = 16  # entries looked at before others get their turn
OTHERS = 0.25  # seconds after which another server's entries are looked for
CREATES = {"method": "POST", "path": "/responses"}
SHOWN = ("at", "method", "path", "status", "model", "fixture", "response_id")

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """How often requests shall match: from `least` to `most` times (None: any number)."""

    least: int = 0
    most: int | None = None

    def met(self, count: int) -> bool:
        """Whether that is so."""
        return count >= self.least and (self.most is None or count <= self.most)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether it was met, how many matched, and where it was not: the entries that tell most about why."""

    passed: bool
    count: int
    nearest: list[Object]


async def verify(
    namespace: Namespace, journal: Journal, fixture: Fixture, expected: Expected, within: float = 0.0
) -> Verified:
    """Count the creates that match; where it is not met, wait up to so many seconds of the machine for more."""
    tally = _Tally(namespace, fixture)
    until = monotonic() + within
    with journal.bell.listening(namespace.name) as rung:
        while True:
            rung.clear()
            await journal.flush()
            await tally.add_new()
            left = until - monotonic()
            if expected.met(tally.count) or left <= 0 or namespace.stopping.is_set():
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, OTHERS) if namespace.store.shared else left):
                    await first_of(rung.wait(), namespace.stopping.wait())
    passed = expected.met(tally.count)
    return Verified(passed, tally.count, [] if passed else tally.nearest(too_few=tally.count < expected.least))


class _Tally:
    """What matched so far, entry by entry."""

    def __init__(self, namespace: Namespace, fixture: Fixture) -> None:
        self.count = 0
        self._namespace = namespace
        self._fixture = fixture
        self._last = 0
        self._matched: list[tuple[float, int, Object]] = []
        self._missed: list[tuple[float, int, Object]] = []

    async def add_new(self) -> None:
        """Look at the entries that came since the last time."""
        wanted = Wanted(after=self._last, columns=CREATES)
        work = partial(rows.page, namespace=self._namespace.name, wanted=wanted, most=RING)
        found = await self._namespace.store.read(work)
        for looked, entry in enumerate(reversed(found), 1):
            self._last = entry.number
            await self._add(entry.number, orjson.loads(entry.entry))
            if looked % AT_ONCE == 0:
                await breathe()

    async def _add(self, number: int, entry: Object) -> None:
        ask = await ask_of(self._namespace, entry)
        if ask is None:  # no body, or one that was refused: only what asks for nothing matches it
            found, matches = [], not self._fixture.when.conditions
        else:
            found = conditions(self._fixture, ask)
            matches = all(row.held for row in found)
        self.count += matches
        held = sum(row.held for row in found) / max(1, len(found))
        best = self._matched if matches else self._missed
        heapq.heappush(best, (held, number, _shown(number, entry, found)))
        if len(best) > NEAREST:
            heapq.heappop(best)

    def nearest(self, *, too_few: bool) -> list[Object]:
        """Those that nearly matched, where too few did; else those that matched. The nearest first."""
        best = self._missed if too_few else self._matched
        return [shown for _, _, shown in sorted(best, key=lambda one: one[:2], reverse=True)]


async def ask_of(namespace: Namespace, entry: Mapping[str, Any]) -> Ask | None:
    """The request of an entry as fixtures see it; None where its body is no request.

    What a chained one goes on with is read from the response that it names, and what one in a conversation had before
    it from the response that it made, as long as that is there.
    """
    if not isinstance(entry["body"], dict):
        return None
    try:
        request = parse_create(orjson.dumps(entry["body"]))
    except ApiError:
        return None
    row: ResponseRow | TurnRow | None = None
    if request.conversation is not None:
        key = entry["response_id"] or ""
        row = await namespace.store.read(partial(conversations.turn_of, namespace=namespace.name, response_id=key))
    elif request.previous_response_id is not None:
        key = request.previous_response_id
        row = await namespace.store.read(partial(responses.get, namespace=namespace.name, response_id=key))
    before = ChainState.from_json(row.chain) if row else ChainState()
    ids = ItemIds(entry["response_id"] or "", "in")
    items = tuple([normalise(item, ids.item) for item in request.input])
    deployment, calls = deployments.find(request.model), _answered(before, items)
    documents = await _documents(namespace, deployment, items)
    return Ask(request, deployment, items, calls, entry["headers"], before, documents)


async def _documents(namespace: Namespace, deployment: Deployment, items: tuple[Object, ...]) -> tuple[Document, ...]:
    """The files of a request as far as they can be read: not what was deleted or was too large for the journal."""
    try:
        return (await read_attachments(namespace, OPENAI, deployment, items, None)).documents
    except ApiError:
        return ()


def _answered(before: ChainState, items: tuple[Object, ...]) -> Calls:
    """The calls that outputs among the items answer, as far as they are known."""
    known = dict(before.open_calls)
    known |= {item["call_id"]: (item["type"], item.get("name", "")) for item in items if item["type"] in CALLS}
    outputs = [item["call_id"] for item in items if item["type"] in OUTPUTS]
    return {call_id: known[call_id] for call_id in outputs if call_id in known}


def _shown(number: int, entry: Object, found: list[Row]) -> Object:
    return {
        "number": number,
        **{name: entry[name] for name in SHOWN},
        "conditions": [row._asdict() for row in found],
    }
