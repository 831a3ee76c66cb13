"""What is due by now is saved under the guard; cancel, delete and expiry settle too. It sends nothing to a client."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain as joined
from typing import Any

import orjson

from emulator.core.chain import ChainState
from emulator.core.errors import ApiError
from emulator.core.log import EventLog
from emulator.core.records import dataclass
from emulator.core.states import ENDED
from emulator.run import deliveries
from emulator.run.conversation_turns import leave_conversation
from emulator.run.jobs import without_lost_work
from emulator.run.namespace import Namespace
from emulator.run.timeline import NEVER, Due, Gates, timeline
from emulator.run.tokenizer import counter_for
from emulator.script.plan import Plan
from emulator.store import responses as rows
from emulator.store.engine import Rows
from emulator.store.responses import ResponseRow


class Derivation:
    """A run being derived from its plan: the log so far and the event that comes next."""

    __slots__ = ("_events", "log", "next", "plan", "planned", "polls", "started")

    def __init__(self, row: ResponseRow) -> None:
        """Begin again from the plan, up to the row's last event; what is saved is folded, not encoded."""
        self.planned = row.plan
        self.plan = Plan.from_json(row.plan or b"")
        self.started = row.created_at
        self.polls = row.polls
        begin = {**orjson.loads(row.response), "status": "queued", "output": []}
        self.log = EventLog(begin, saved=row.next_seq)
        events = timeline(self.plan, row.id, self.started, background=True, gates=_gates(self.plan, row))
        self._events: Iterator[Due] = iter(events)
        while self.log.next_seq < row.next_seq:
            due = next(self._events)
            self.log.emit(due.type, due.fields)
        self.next: Due | None = next(self._events, None)

    def advance(self, now: float) -> list[bytes]:
        """Append all that is due by `now`; the new lines."""
        emit = self.log.emit
        lines: list[bytes] = []
        due = self.next
        while due is not None and self.started + due.at <= now:
            lines += emit(due.type, due.fields)
            due = next(self._events, None)
        self.next = due
        return lines

    @property
    def due(self) -> float:
        """When the next event is due."""
        return NEVER if self.next is None else self.started + self.next.at


@dataclass(frozen=True, slots=True)
class Settled:
    """One move of a response: the row as it becomes, the lines to append, the items that are new."""

    row: ResponseRow
    lines: list[bytes]
    item_ids: list[str]


def _gates(plan: Plan, row: ResponseRow) -> Gates:
    progress = plan.progress
    waited = row.polled_at - row.created_at
    if progress.manual:  # `polls` is how far it was let: 0 is queued, 1 in_progress, 2 all the way
        return Gates(0.0 if row.polls else NEVER, waited if row.polls > 1 else NEVER)
    if progress.polls is None:
        return Gates(progress.queued, progress.queued)
    if row.polls >= progress.polls:  # the poll that lets it go is the last one counted
        return Gates(0.0, waited)
    idle = waited + progress.idle
    return Gates(0.0 if row.polls else idle, idle)


async def find(namespace: Namespace, response_id: str) -> ResponseRow | None:
    """The row of a response that can be asked for; None where it is unknown, deleted or expired."""
    row = await saved_row(namespace, response_id)
    if row is None or row.hidden or row.expires_at <= namespace.clock.now():
        return None
    return row


async def settle(namespace: Namespace, response_id: str, *, poll: bool = False) -> ResponseRow | None:
    """Save what is due by now and answer the row; a `poll` of an unfinished response is counted."""
    return (await settle_and_look(namespace, response_id, poll=poll))[0]


async def settle_and_look(
    namespace: Namespace, response_id: str, *, poll: bool = False
) -> tuple[ResponseRow | None, float]:
    """Settle, and tell when the next event is due."""
    row = await find(namespace, response_id)
    if row is None or row.status in ENDED:
        return row, NEVER
    lock = namespace.lock(response_id)
    waited = lock.locked()
    async with lock:
        if waited:  # whoever held it has moved the response on
            row = await find(namespace, response_id)
        while row is not None and row.status not in ENDED:
            run, move = _next_move(namespace, row, poll=poll)
            if move is None or await save_move(namespace, row, move):
                if namespace.bell.heard(response_id) and not run.log.ended:
                    namespace.live[response_id] = run
                return move.row if move else row, run.due
            row = await find(namespace, response_id)
    return row, NEVER


async def saved_row(namespace: Namespace, response_id: str) -> ResponseRow | None:
    """The row as it is saved, deleted or expired too, for a reader who came before."""
    return await namespace.store.read(partial(rows.get, namespace=namespace.name, response_id=response_id))


def _next_move(namespace: Namespace, row: ResponseRow, *, poll: bool) -> tuple[Derivation, Settled | None]:
    now = namespace.clock.now()
    run = _derivation(namespace, row)
    if lost := without_lost_work(run.plan):
        row = replace(row, plan=lost.to_json())
        run = Derivation(row)
    lines = run.advance(now)
    counts = run.plan.progress.polls
    if poll and counts is not None and not run.log.ended and row.polls < counts:
        row = replace(row, polls=row.polls + 1, polled_at=now)
        run = Derivation(row)
        lines = run.advance(now)
    elif run.log.next_seq <= row.next_seq:  # a write never shortens a log
        return run, None
    return run, settled(namespace, row, run.log, lines)


def settled(namespace: Namespace, row: ResponseRow, log: EventLog, lines: list[bytes]) -> Settled:
    """The move to where `log` is, with the new `lines` of a log that can be streamed."""
    then = replace(row, status=log.response["status"], next_seq=log.next_seq, response=log.fold())
    item_ids: list[str] = []
    if log.ended and log.response["output"]:
        output = log.response["output"]
        item_ids = [item["id"] for item in output]
        counter = counter_for(namespace.settings.tokens, log.response["model"])
        then = replace(then, chain=ChainState.from_json(row.chain).with_output(log.response, counter).to_json())
    return Settled(then, lines if row.streamed else [], item_ids)


def _derivation(namespace: Namespace, row: ResponseRow) -> Derivation:
    """The derivation that a follower left at this row's last event, or a new one.

    A followed, paced stream goes on with its own: from the plan each time would be quadratic.
    """
    run = namespace.live.pop(row.id, None)
    if run is None or (run.log.next_seq, run.polls, run.planned) != (row.next_seq, row.polls, row.plan):
        run = Derivation(row)
    return run


async def replan(namespace: Namespace, response_id: str, before: Plan, plan: Plan) -> bool:
    """Go on with a plan that knows more than the saved one, `before`, and with the same events up to there.

    False: it has ended, or the saved plan is another, because the work counted as lost.
    """
    known, more = before.to_json(), plan.to_json()
    while True:
        async with namespace.lock(response_id):
            row = await find(namespace, response_id)
            if row is None or row.status in ENDED or row.plan != known:
                return False
            then = replace(row, plan=more)
            run = Derivation(then)
            lines = run.advance(namespace.clock.now())
            namespace.live.pop(response_id, None)
            if await save_move(namespace, row, settled(namespace, then, run.log, lines)):
                return not run.log.ended


async def save_move(namespace: Namespace, seen: ResponseRow, move: Settled) -> bool:
    """Write one move under the guard and wake the followers; False where another was quicker.

    The files that the run made come with its end, unless it was cancelled; what webhooks are told comes with any end,
    and the conversation is left.
    """
    ended = move.row.status in ENDED
    plan = move.row.plan or b""
    more: Rows = {}
    if ended and move.row.status != "cancelled" and b'"file_ids"' in plan:
        from emulator.run.code import made_files

        more = await made_files(namespace, Plan.from_json(plan))
    if ended and namespace.webhooks:
        more = {**more, **deliveries.new_deliveries(namespace, move.row)}
    won = await namespace.store.write(partial(_write_move, seen=seen, move=move, more=more), key=seen.id)
    if won:
        namespace.bell.ring(seen.id)
        if ended and namespace.webhooks:
            deliveries.wake(namespace)
    return won


def _write_move(connection: Any, seen: ResponseRow, move: Settled, more: Rows) -> bool:
    won = rows.move(connection, seen, move.row, move.lines, move.item_ids, more)
    if won and (leave := leave_conversation(move.row)):
        leave(connection)
    return won


async def cancel(namespace: Namespace, response_id: str) -> ResponseRow:
    """End the log of a background response; one that has ended already is answered as it is."""
    while True:
        row = await settle(namespace, response_id)
        if row is None:
            raise ApiError("response_not_found", id=response_id)
        if not row.background:
            raise ApiError("cancel_foreground")
        if row.status in ENDED:
            if row.status != "cancelled" and namespace.settings.cancel_ended == "error":
                raise ApiError("cancel_ended", status=row.status)
            return row
        log = EventLog(orjson.loads(row.response), next_seq=row.next_seq)
        line = log.append("response.failed", response={"status": "cancelled", "output": []})
        move = settled(namespace, row, log, [line])
        if await save_move(namespace, row, move):
            return move.row


async def remove(namespace: Namespace, response_id: str) -> None:
    """Delete a response: it is 404 at once; the sweep takes its items when no descendant needs them."""
    while True:
        row = await settle(namespace, response_id)
        if row is None:
            raise ApiError("response_not_found", id=response_id)
        if row.status not in ENDED:
            raise ApiError("delete_running")
        if await namespace.store.write(partial(rows.hide, seen=row, now=namespace.clock.now()), key=row.id):
            return


def all_lines(chunks: list[rows.Chunk], after: int) -> list[bytes]:
    """The lines of the events after number `after`, one event each."""
    return list(joined.from_iterable(_tail(chunk, after) for chunk in chunks))


def _tail(chunk: rows.Chunk, after: int) -> list[bytes]:
    lines = chunk.lines.split(b"\n")[:-1]
    return lines[max(0, after + 1 - chunk.first) :]
