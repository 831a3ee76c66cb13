"""create_response: the whole flow of one request. READ FIRST. It writes no HTTP and no SQL of its own.

accept   -> Run: checked, chained, planned; nothing is stored
complete -> run to the end, save, answer the fold        (POST)
stream   -> send each event as it is appended, save last (POST stream=true)
enqueue  -> save the row, answer the fold after `queued` (POST background=true; `follow` streams it)
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import orjson

from emulator.core import deployments
from emulator.core.chain import ChainState
from emulator.core.clock import breathe
from emulator.core.dialects import Dialect
from emulator.core.emit import Deltas
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.log import EventLog
from emulator.core.requests import CreateRequest
from emulator.core.response import new_response
from emulator.run import conversations, hosted, jobs
from emulator.run.attachments import check_masks, read_attachments
from emulator.run.checks import check_json_mode, check_request, must_drop
from emulator.run.code import made_files
from emulator.run.compaction import Moment, compacted_window, seal_compactions, with_compaction
from emulator.run.context import chain_items, listed_tools, take_turn
from emulator.run.conversations import Hold
from emulator.run.deliveries import new_deliveries
from emulator.run.namespace import Namespace
from emulator.run.outcome import end_at_once
from emulator.run.settle import Derivation, replan
from emulator.run.take import take_fixture
from emulator.run.thoughts import seal_reasoning
from emulator.run.timeline import AT_ONCE, Due, Gates, timeline
from emulator.run.tokenizer import loaded_counter
from emulator.run.truncation import truncate
from emulator.run.watch import watch
from emulator.script.ask import Ask
from emulator.script.fault import Fault
from emulator.script.incident import plan_for_incident
from emulator.script.plan import Compaction, Plan
from emulator.script.planning import UNSEEN as UNPACED
from emulator.script.planning import Said, Taken, context_tokens, make_plan, say
from emulator.script.view import View
from emulator.store import responses as rows
from emulator.store.conversations import ConversationRow
from emulator.store.responses import ResponseRow
from emulator.tools.base import ToolContext

Ahead = Callable[[bytes], Awaitable[None]]
NOW = Gates()
FREE = nullcontext()  # what a run that goes on with no conversation holds
UNSEEN = sys.maxsize  # a log whose lines nobody reads is folded, not encoded


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may run: as the model sees it, what its tools may reach, its chain, the tokens of its context.

    `items` are all of its own, of which the model may see the last ones only. `conversation` is the one that it goes on
    with, as it was read.
    """

    ask: Ask
    context: ToolContext
    items: tuple[dict[str, Any], ...]
    chain: ChainState
    tokens: int
    conversation: ConversationRow | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a plan: an accepted request and the Response before its first event.

    `ready`, `said` and `incident` are what the plan was made from, and is made from again after outside work. `failure`
    is what outside work made the whole response fail with. `hold` keeps its conversation from others.
    """

    namespace: Namespace
    ready: Admitted
    response: dict[str, Any]
    chain: ChainState
    said: Said
    plan: Plan
    incident: Fault | None
    started: float
    failure: ApiError | None = None
    hold: Hold | None = None

    @property
    def ask(self) -> Ask:
        """The request as the model sees it."""
        return self.ready.ask

    @property
    def request(self) -> CreateRequest:
        """What was asked for."""
        return self.ready.ask.request

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the client is told besides: what tools warn of, and which MCP servers are pretended."""
        steps = [step for step in self.plan.steps if isinstance(step, HostedCall) and step.fields.get("pretended")]
        labels = dict.fromkeys(step.fields["server_label"] for step in steps)
        return (*self.ready.context.warnings, *(f"pretended_mcp_server: {label}" for label in labels))

    async def worked(self) -> "Run":
        """The run with its next outside work done, and what is said after that."""
        step, context = self.plan.open_work, self.ready.context
        if step is None:
            return self
        done, failure = await jobs.work(step, context)
        done = replace(done, done=max(0.0, self.namespace.clock.now() - self.started))
        try:
            said = self.said.broken(done, failure.message) if failure else self.said.worked(done, self.ask)
            said = await hosted.prepare(said, context)
        except ApiError as error:  # what comes next cannot be had
            said, failure = self.said.broken(done, error.message), error
        plan = _plan(self.namespace, said, self.ready, self.chain, self.incident)
        return replace(self, said=said, plan=plan, failure=failure)


async def accept(
    namespace: Namespace,
    dialect: Dialect,
    request: CreateRequest,
    headers: Mapping[str, str],
    incident: Fault | None = None,
) -> Run:
    """Check a request and plan its run, changed by `incident`; raises ApiError, and then nothing has happened."""
    ready = await _admit(namespace, dialect, request, headers)
    if ready.conversation is None or not request.store:
        return await _planned(namespace, ready, incident)
    hold = await conversations.hold(namespace, ready.conversation, ready.context.response_id)
    try:
        return replace(await _planned(namespace, ready, incident), hold=hold)
    except BaseException:
        hold.give_up()
        raise


async def _planned(namespace: Namespace, ready: Admitted, incident: Fault | None) -> Run:
    """The run of a request that may run, as a fixture or the built-in model answers it."""
    if ready.ask.triggers_compaction:
        taken, said = Taken(hits=ready.chain.hits), Said((Compaction(),))
    else:
        view = View(ready.ask)
        taken = await take_fixture(namespace, view)
        said = say(view, taken, response_id=ready.context.response_id, now=ready.context.now)
        said = await hosted.prepare(said, ready.context)
    chain = ready.chain.answered(said.name, taken.hits)
    plan = _plan(namespace, said, ready, chain, incident)
    now = ready.context.now
    response = new_response(
        ready.ask.request,
        ready.ask.deployment,
        ready.context.dialect,
        response_id=ready.context.response_id,
        created_at=int(now),
    )
    return Run(namespace, ready, response, chain, said, plan, incident, now)


def _plan(namespace: Namespace, said: Said, ready: Admitted, chain: ChainState, incident: Fault | None) -> Plan:
    """The plan of what is said: as the incident changes it, compacted and sealed where that was asked for."""
    ask, context = ready.ask, ready.context
    plan = make_plan(said, ask, context.dialect, tokens=ready.tokens, every=namespace.settings.stream_every)
    plan = plan_for_incident(incident, plan, ask.counter)
    if plan.ending.status == "failed" and plan.ending.error_event is None:
        plan = replace(plan, ending=replace(plan.ending, error_event=namespace.settings.error_event))
    if ask.request.compact_threshold is not None:
        plan = with_compaction(plan, ask, ready.tokens, first=namespace.settings.compaction_item == "first")
    plan = seal_reasoning(namespace, ask.request, plan, response_id=context.response_id, now=context.now)
    if any(isinstance(step, Compaction) for step in plan.steps):
        plan = seal_compactions(namespace, plan, Moment(ask, chain, context.response_id, context.now))
    return plan


async def count_input_tokens(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> int:
    """How many tokens the same request would read; nothing is stored."""
    return (await _admit(namespace, dialect, request, headers)).tokens


async def compact_context(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The compacted window of a request's context (docs/how-to/compaction.md); nothing is stored."""
    ready = await _admit(namespace, dialect, request, headers)
    held = await chain_items(namespace, request.previous_response_id) if request.previous_response_id else []
    moment = Moment(ready.ask, ready.chain, ready.context.response_id, ready.context.now)
    return compacted_window(namespace, [*held, *ready.ask.items], moment, tokens=ready.tokens)


async def _admit(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> Admitted:
    deployment = deployments.find(request.model, namespace.settings.deployments)
    check_request(request, deployment, dialect)
    now = namespace.clock.now()
    response_id = namespace.ids.response(now, request.previous_response_id)
    turn = await take_turn(namespace, request, response_id)
    await check_json_mode(namespace, request, turn)
    counter = await loaded_counter(namespace.settings.tokens, deployment.model)
    attached = await read_attachments(namespace, dialect, deployment, turn.items, counter)
    await check_masks(namespace, dialect, request.tools)
    spent = attached.tokens
    if turn.fresh is not turn.items and spent:
        spent = (await read_attachments(namespace, dialect, deployment, turn.fresh, counter)).tokens
    chain = turn.before.after(turn.fresh, counter, turn.thoughts, spent)
    items, documents, read = turn.items, attached.documents, chain.context
    told = context_tokens(request, 0, counter)
    if must_drop(request, deployment, told + read):
        room = deployment.context_window - told
        items, documents, read = await truncate(namespace, turn, attached, counter, room)
    listed = await listed_tools(namespace, request, turn.before) if turn.before.mcp_servers else {}
    ask = Ask(request, deployment, items, turn.calls, headers, turn.before, documents, counter, listed)
    context = hosted.context_of(namespace, ask, dialect, response_id, now)
    await hosted.check_tools(context)
    return Admitted(ask, context, turn.items, chain, told + read, turn.start.conversation)


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
        batch += log.emit(due.type, due.fields)
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
        if files := await made_files(run.namespace, run.plan):
            await run.namespace.store.insert(files)
        return log.fold()
    row = _row(run, log)
    await _add(run, row, log, [])
    return row.response


async def _add(run: Run, row: ResponseRow, log: EventLog, lines: list[bytes]) -> None:
    output = log.response["output"] if log.ended else []
    item_ids = dict.fromkeys(item["id"] for item in (*run.ready.items, *output))
    more = await made_files(run.namespace, run.plan) if log.ended else {}
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
