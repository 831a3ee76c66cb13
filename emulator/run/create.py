"""create_response: the whole flow of one request. READ FIRST. It writes no HTTP and no SQL of its own.

accept   -> Run: checked, chained, planned; nothing is stored
complete -> run to the end, save, answer the fold        (POST)
stream   -> send each event as it is appended, save last (POST stream=true)
enqueue  -> save the row, answer the fold after `queued` (POST background=true; `follow` streams it)
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.core import deployments
from emulator.core.chain import ChainState
from emulator.core.clock import breathe
from emulator.core.dialects import Dialect
from emulator.core.log import EventLog
from emulator.core.requests import CreateRequest
from emulator.core.response import new_response
from emulator.run.checks import check_context, check_files, check_request
from emulator.run.conversation import Item, take_turn
from emulator.run.namespace import Namespace
from emulator.run.settle import Derivation
from emulator.run.take import take_fixture
from emulator.run.timeline import AT_ONCE, Due, Gates, timeline
from emulator.script.ask import Ask
from emulator.script.fault import Fault
from emulator.script.incident import plan_for_incident
from emulator.script.plan import Plan
from emulator.script.planning import context_tokens, make_plan, scripted_plan
from emulator.script.view import View
from emulator.store import responses as rows
from emulator.store.responses import ResponseRow

Ahead = Callable[[bytes], Awaitable[None]]
NOW = Gates()
UNSEEN = sys.maxsize  # a log whose lines nobody reads is folded, not encoded


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a plan: an accepted request and the Response before its first event."""

    namespace: Namespace
    request: CreateRequest
    response: dict[str, Any]
    items: tuple[Item, ...]
    chain: ChainState
    plan: Plan
    started: float


async def accept(
    namespace: Namespace,
    dialect: Dialect,
    request: CreateRequest,
    headers: Mapping[str, str],
    incident: Fault | None = None,
) -> Run:
    """Check a request and plan its run, changed by `incident`; raises ApiError, and then nothing has happened."""
    ready = await _admit(namespace, dialect, request, headers)
    view = View(ready.ask)
    taken = await take_fixture(namespace, view)
    scripted = scripted_plan(view, taken, response_id=ready.response_id, now=ready.now)
    every = namespace.settings.stream_every
    plan = make_plan(scripted, taken.fixture, ready.ask, dialect, tokens=ready.tokens, every=every)
    plan = plan_for_incident(incident, plan)
    response = new_response(
        request, ready.ask.deployment, dialect, response_id=ready.response_id, created_at=int(ready.now)
    )
    chain = ready.chain.answered(plan.fixture, taken.hits)
    return Run(namespace, request, response, ready.ask.items, chain, plan, ready.now)


async def count_input_tokens(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> int:
    """How many tokens the same request would read; nothing is stored."""
    return (await _admit(namespace, dialect, request, headers)).tokens


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A request that may run: as the model sees it, what it adds to its chain, how many tokens its context has."""

    ask: Ask
    response_id: str
    now: float
    chain: ChainState
    tokens: int


async def _admit(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> _Admitted:
    deployment = deployments.find(request.model, namespace.settings.deployments)
    check_request(request, deployment, dialect)
    await check_files(namespace, request)
    now = namespace.clock.now()
    response_id = namespace.ids.response(now, request.previous_response_id)
    turn = await take_turn(namespace, request, response_id)
    chain = turn.before.after(turn.items)
    tokens = check_context(request, deployment, context_tokens(request, chain.tokens))
    ask = Ask(request, deployment, turn.items, turn.calls, headers, turn.before)
    return _Admitted(ask, response_id, now, chain, tokens)


async def complete(run: Run) -> bytes:
    """Run to the end and answer the Response, saved unless `store` is false."""
    log = EventLog(run.response, saved=UNSEEN)
    for due in _events(run):
        log.emit(due.type, due.fields)
    if due.at > 0:  # the script waits
        await run.namespace.pause(run.started + due.at)
    return await _save(run, log)


async def stream(run: Run, ahead: Ahead | None = None) -> AsyncIterator[list[bytes]]:
    """The lines of a foreground run in batches; the last one leaves after the Response is saved.

    Whoever stops listening ends the run, and then nothing is saved. `ahead` is shown the last line before that, when
    all others have left, and may end the run by raising.
    """
    log = EventLog(run.response)
    batch: list[bytes] = []
    for due in _events(run):
        if due.at > 0 and run.started + due.at > run.namespace.clock.now():
            if batch:
                yield batch
                batch = []
            if not await run.namespace.pause(run.started + due.at):
                return
        batch += log.emit(due.type, due.fields)
        if len(batch) >= AT_ONCE and not log.ended:
            yield batch
            batch = []
            await breathe()
    if ahead is not None:
        if len(batch) > 1:
            yield batch[:-1]
            batch = batch[-1:]
        await ahead(batch[0])
    await _save(run, log)
    yield batch


async def enqueue(run: Run) -> bytes:
    """Save a background run with all that is due at once; answers the Response as it is after `queued`."""
    queued = _row(run, EventLog(run.response), plan=run.plan.to_json())
    derived = Derivation(queued)
    lines = derived.advance(run.started)
    row = _row(run, derived.log, plan=queued.plan)
    await _add(run, row, derived.log, lines if row.streamed else [])
    return queued.response


def _events(run: Run) -> Iterator[Due]:
    return timeline(run.plan, run.response["id"], run.started, background=False, gates=NOW)


async def _save(run: Run, log: EventLog) -> bytes:
    if not run.request.store:
        return log.fold()
    row = _row(run, log)
    await _add(run, row, log, [])
    return row.response


async def _add(run: Run, row: ResponseRow, log: EventLog, lines: list[bytes]) -> None:
    output = log.response["output"] if log.ended else []
    item_ids = dict.fromkeys(item["id"] for item in (*run.items, *output))
    await run.namespace.store.insert(rows.new_rows(row, item_ids, lines), key=row.id)


def _row(run: Run, log: EventLog, plan: bytes | None = None) -> ResponseRow:
    response = log.response
    chain = run.chain.with_output(response) if log.ended else run.chain
    return ResponseRow(
        namespace=run.namespace.name,
        id=response["id"],
        previous_id=run.request.previous_response_id,
        status=response["status"],
        background=run.request.background,
        streamed=run.request.background and run.request.stream,
        created_at=run.started,
        expires_at=run.started + run.namespace.settings.retention,
        hidden=False,
        next_seq=log.next_seq,
        polls=0,
        polled_at=run.started,
        plan=plan,
        response=log.fold(),
        input=orjson.dumps(run.items),
        chain=chain.to_json(),
    )
