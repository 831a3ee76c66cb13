"""The whole flow of a run, from an accepted request to its saved Response. READ FIRST. It writes no HTTP and no SQL.

accept   -> Run: checked, chained, planned; nothing is stored   (`run/accept.py`)
complete -> run to the end, save, answer the fold               (POST)
stream   -> send each event as it is appended, save last        (POST stream=true)
enqueue  -> save the row, answer the fold after `queued`        (POST background=true; `follow` streams it)
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import nullcontext

import orjson

from emulator.core.clock import breathe
from emulator.core.emit import Deltas
from emulator.core.log import EventLog
from emulator.run.accept import Run
from emulator.run.deliveries import new_deliveries
from emulator.run.outcome import end_at_once
from emulator.run.settle import Derivation, replan
from emulator.run.timeline import AT_ONCE, Due, Gates, timeline
from emulator.run.watch import watch
from emulator.script.planning import UNSEEN as UNPACED
from emulator.store import responses as rows
from emulator.store.engine import Rows
from emulator.store.responses import ResponseRow

Ahead = Callable[[bytes], Awaitable[None]]
NOW = Gates()
FREE = nullcontext()  # what a run that goes on with no conversation holds
UNSEEN = sys.maxsize  # a log whose lines nobody reads is folded, not encoded


async def complete(run: Run) -> bytes:
    """Run to the end and answer the Response, saved unless `store` is false; raises what outside work failed with."""
    if run.hold is None:
        return await _complete(run)
    async with run.hold.kept():
        return await _complete(run)


async def _complete(run: Run) -> bytes:
    while run.plan.open_work:
        run = await run.worked()
        if run.failure:
            raise run.failure
    log, ends = _whole_log(run)
    if ends > 0:  # the script waits
        await run.namespace.pause(run.started + ends)
    return await _save(run, log)


def _whole_log(run: Run) -> tuple[EventLog, float]:
    """The log of a run whose events nobody reads, and when it ends, in seconds from its start."""
    log = EventLog(run.response, saved=UNSEEN)
    if run.plan.pace == UNPACED:
        return log, end_at_once(run.plan, run.response, run.started)
    for due in _events(run):
        log.emit(due.type, due.fields)
    return log, due.at


async def stream(run: Run, ahead: Ahead | None = None) -> AsyncIterator[list[bytes]]:
    """The lines of a foreground run in batches; the last one leaves after the Response is saved.

    Whoever stops listening ends the run, and then nothing is saved. `ahead` is shown the last line before that, when
    all others have left, and may end the run by raising.
    """
    log = EventLog(run.response)
    async with run.hold.kept() if run.hold else FREE:
        while True:
            async for batch in _spoken(run, log):
                if log.ended:
                    break
                yield batch
            if log.ended:
                break
            if run.plan.open_work is None or run.namespace.stopping.is_set():
                return
            run = await run.worked()
        if ahead is not None:
            if len(batch) > 1:
                yield batch[:-1]
                batch = batch[-1:]
            await ahead(batch[0])
        await _save(run, log)
    yield batch


async def _spoken(run: Run, log: EventLog) -> AsyncIterator[list[bytes]]:
    """The lines of all that is known of a run, as they fall due, in batches; the last one ends the log or all that is.

    It stops early where the server does.
    """
    batch: list[bytes] = []
    for due in _after(_events(run), log.next_seq):
        if due.at > 0 and run.started + due.at > run.namespace.clock.now():
            if batch:
                yield batch
                batch = []
            if not await run.namespace.pause(run.started + due.at):
                return
        lines = log.emit(due.type, due.fields)
        if batch and len(batch) + len(lines) > AT_ONCE:  # also: what is all of one type is framed faster by itself
            yield batch
            batch = []
            await breathe()
        batch = batch + lines if batch else lines
        if len(batch) >= AT_ONCE and not log.ended:
            yield batch
            batch = []
            await breathe()
    if batch:
        yield batch


def _after(events: Iterator[Due], seen: int) -> Iterator[Due]:
    """The events after the first `seen`."""
    for due in events:
        if seen <= 0:
            yield due
        seen -= len(due.fields.texts) if isinstance(due.fields, Deltas) else 1


async def enqueue(run: Run) -> bytes:
    """Save a background run with all that is due at once; answers the Response as it is after `queued`."""
    async with run.hold.kept() if run.hold else FREE:
        queued = await _enqueue(run)
    if run.plan.open_work:
        run.namespace.begin(_work_on(run))
    return queued.response


async def _enqueue(run: Run) -> ResponseRow:
    queued = _row(run, EventLog(run.response), plan=run.plan.to_json())
    derived = Derivation(queued)
    lines = derived.advance(run.started)
    row = _row(run, derived.log, plan=queued.plan)
    await _add(run, row, derived.log, lines if row.streamed else [])
    if run.namespace.webhooks:
        watch(run.namespace, row)
    return queued


async def _work_on(run: Run) -> None:
    """Do the outside work of a background run, one after the other, each saved when it is done."""
    while run.plan.open_work and not run.namespace.stopping.is_set():
        before, run = run.plan, await run.worked()
        if not await replan(run.namespace, run.response["id"], before, run.plan):
            return


def _events(run: Run) -> Iterator[Due]:
    return timeline(run.plan, run.response["id"], run.started, background=False, gates=NOW)


async def _save(run: Run, log: EventLog) -> bytes:
    if not run.request.store:
        if files := await _files(run):
            await run.namespace.store.insert(files)
        return log.fold()
    row = _row(run, log)
    await _add(run, row, log, [])
    return row.response


async def _files(run: Run) -> Rows:
    if not run.plan.makes_files:
        return {}
    from emulator.run.code import made_files

    return await made_files(run.namespace, run.plan)


async def _add(run: Run, row: ResponseRow, log: EventLog, lines: list[bytes]) -> None:
    output = log.response["output"] if log.ended else []
    item_ids = dict.fromkeys([item["id"] for item in (*run.ready.items, *output)])
    more = await _files(run) if log.ended else {}
    if row.background and log.ended and run.namespace.webhooks:
        more = {**more, **new_deliveries(run.namespace, row)}
    new = {**rows.new_rows(row, item_ids, lines), **more}
    if run.hold is None:
        await run.namespace.store.insert(new, key=row.id)
    else:
        await run.hold.save(row, new)


def _row(run: Run, log: EventLog, plan: bytes | None = None) -> ResponseRow:
    response = log.response
    chain = run.chain.with_output(response, run.ask.counter) if log.ended else run.chain
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
        input=orjson.dumps(run.ready.items),
        chain=chain.to_json(),
    )
