"""A plan as its events with their due offsets: a pure generator, the same each time; it saves and sends nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from emulator.core import emit
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.core.item_types import ITEM_TYPES
from emulator.core.items import normalise
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.usage import pieces
from emulator.script.plan import Compaction, Events, Item, Message, Pace, Plan, Reasoning, Refusal, Step, Usage, Wait
from emulator.tools import tool

NEVER = float("inf")
AT_ONCE = 128  # events sent before the other streams get their turn
WORKING = emit.WORK[0]
NO_ITEM = (Events, Wait)
_WORD = lazy_pattern(r"\S+\s*|\s+")
_END_EVENT = {
    "completed": "response.completed",
    "failed": "response.failed",
    "incomplete": "response.incomplete",
}


class Due(NamedTuple):
    """One event, or a run of deltas, and when it is due, in seconds from the run's start."""

    at: float
    type: str
    fields: dict[str, Any] | emit.Deltas


class Gates(NamedTuple):
    """From which offsets on a run may go: `begin` lets it be `in_progress`, `go` lets it speak.

    A gate at NEVER is shut until somebody opens it.
    """

    begin: float = 0.0
    go: float = 0.0


def timeline(plan: Plan, response_id: str, started: float, *, background: bool, gates: Gates) -> Iterator[Due]:
    """All events of a run from `response.created` to its end, in order of due time."""
    yield Due(0.0, "response.created", {"response": {}})
    if background:
        yield Due(0.0, "response.queued", {"response": {}})
    yield Due(gates.begin, "response.in_progress", {"response": {"status": "in_progress"}})
    at = max(gates.begin, gates.go)
    if at == NEVER:
        return
    pacing = _Pacing(plan.pace)
    for step, emissions in _emissions(plan, ItemIds(response_id)):
        if isinstance(step, Wait):
            at += step.seconds
        for type_, fields in emissions:
            if isinstance(fields, emit.Deltas):
                for due in pacing.spread(at, type_, fields):
                    at = due.at
                    yield due
            elif isinstance(step, HostedCall) and type_ == WORKING:
                if step.work is not None:  # what comes next is not known before it is done
                    return
                at = max(at, step.done)
            else:
                yield Due(at, type_, fields)
    yield from _ends(plan, at, started)


class _Pacing:
    """Gives the deltas of one run their due offsets; only the very first one waits for `first`."""

    def __init__(self, pace: Pace) -> None:
        self._every = pace.every
        self._next = pace.first or pace.every

    def spread(self, at: float, type: str, deltas: emit.Deltas) -> Iterator[Due]:  # noqa: A002 (the wire's name)
        """The deltas of one text one by one, or, without a pace, in units."""
        if not (self._next or self._every):
            for start in range(0, len(deltas.texts), AT_ONCE):
                yield Due(at, type, deltas._replace(texts=deltas.texts[start : start + AT_ONCE]))
            return
        for text in deltas.texts:
            at += self._next
            self._next = self._every
            yield Due(at, type, deltas.fields(text))


def done_items(plan: Plan, response_id: str) -> Iterator[tuple[Step, dict[str, Any]]]:
    """The items of a plan as they are when they are done, each with its step."""
    for step, emissions in _emissions(replace(plan, pace=Pace("whole")), ItemIds(response_id)):
        for type_, fields in emissions:
            if type_ == "response.output_item.done" and isinstance(fields, dict):
                yield step, fields["item"]


def _emissions(plan: Plan, ids: ItemIds) -> Iterator[tuple[Step, emit.Emissions]]:
    """Each step with its events; only items have a place in the output."""
    items = sum(not isinstance(step, NO_ITEM) for step in plan.steps)
    index = 0
    for step in plan.steps:
        if isinstance(step, NO_ITEM):
            yield step, _between(step)
            continue
        cut = plan.ending.status == "incomplete" and index == items - 1
        yield step, item_events(step, index, ids, plan.pace, "incomplete" if cut else "completed")
        index += 1


def _between(step: Events | Wait) -> emit.Emissions:
    for event in step.events if isinstance(step, Events) else ():
        yield event["type"], {name: value for name, value in event.items() if name != "type"}


def item_events(step: Step, index: int, ids: ItemIds, pace: Pace, status: str) -> emit.Emissions:
    """The events of a step that is an item; the last one is its `output_item.done`."""

    def chunks(text: str) -> Sequence[str]:
        return cut_text(text, pace.chunk)

    match step:
        case Message(text=text, annotations=notes):
            return emit.message(ids.item("msg_"), index, text, chunks(text), annotations=notes, status=status)
        case Refusal(text=text):
            return emit.refusal(ids.item("msg_"), index, text, chunks(text), status=status)
        case Reasoning(summary=summary, text=thought, encrypted=encrypted):
            told = [(text, chunks(text)) for text in summary]
            content = [(thought, chunks(thought))] if thought else []
            return emit.reasoning(ids.item("rs_"), index, told, content=content, encrypted=encrypted)
        case Compaction(encrypted=encrypted):
            item_id = ids.item(ITEM_TYPES["compaction"].prefix)
            return emit.compaction({"id": item_id, "type": "compaction", "encrypted_content": encrypted}, index)
        case Item(item=item):
            return emit.item(_whole(item, ids, status), index)
        case _:
            kind = step.type if isinstance(step, HostedCall) else step.kind
            return tool(kind).emit(step, index, ids, chunks, status)


def _whole(item: dict[str, Any], ids: ItemIds, status: str) -> dict[str, Any]:
    """A raw item with what it left out."""
    row = ITEM_TYPES[item["type"]]
    given = {"role": "assistant", **item} if item["type"] == "message" else item
    if "call_id" in row.required and "call_id" not in given:
        given = {**given, "call_id": ids.call()}
    if row.status and "status" not in given:
        given = {**given, "status": status}
    return normalise(given, ids.item)


def cut_text(text: str, chunk: str | int | tuple[str, ...]) -> Sequence[str]:
    """The deltas of a text: `whole`, by `token`, `word`, `character` or a number of characters, or a list of them.

    Joined they are the text; an empty text has none. A list that makes up another text does not count here.
    """
    if isinstance(chunk, tuple):
        return chunk if "".join(chunk) == text else pieces(text)
    if chunk == "whole":
        return (text,) if text else ()
    if chunk == "token":
        return pieces(text)
    if chunk == "word":
        return _WORD.findall(text)
    size = 1 if chunk == "character" else int(chunk)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _ends(plan: Plan, at: float, started: float) -> Iterator[Due]:
    """The event that ends the log, and the `error` event before it where there is one."""
    ending = plan.ending
    if ending.error_event in emit.ERROR_FORMS:
        yield Due(at, "error", emit.error(str(ending.error_event), str(ending.code), str(ending.message)))
    yield Due(at, _END_EVENT[ending.status], {"response": closing_fields(plan, int(started + at))})


def closing_fields(plan: Plan, now: int) -> dict[str, Any]:
    """What the last event of a run changes in its Response, at the second `now`."""
    ending = plan.ending
    changes: dict[str, Any] = {"status": ending.status, **plan.closing}
    if ending.status == "failed":
        return changes | {"error": {"code": ending.code, "message": ending.message}}
    if ending.status == "incomplete":
        changes["incomplete_details"] = {"reason": ending.reason}
    else:
        changes["completed_at"] = now
    changes["usage"] = usage_object(plan.usage)
    return changes


def usage_object(usage: Usage) -> dict[str, Any]:
    """The `usage` of a Response."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
