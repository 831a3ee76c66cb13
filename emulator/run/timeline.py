"""A plan as its events with their due offsets: a pure generator, the same each time; it saves and sends nothing."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from emulator.core import emit
from emulator.core.ids import ItemIds
from emulator.core.usage import pieces
from emulator.script.plan import Message, Pace, Plan, Reasoning, Refusal, Step, Usage
from emulator.tools import tool

NEVER = float("inf")
AT_ONCE = 64  # events sent before the other streams get their turn
_WORD = re.compile(r"\S+\s*|\s+")
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
    """From which offsets on a run may go: `begin` lets it be `in_progress`, `go` lets it speak."""

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
    delay, every = plan.pace.first or plan.pace.every, plan.pace.every
    for type_, fields in _items(plan, ItemIds(response_id)):
        if not isinstance(fields, emit.Deltas):
            yield Due(at, type_, fields)
        elif delay or every:
            for text in fields.texts:
                at += delay
                delay = every
                yield Due(at, type_, fields.fields(text))
        else:
            for start in range(0, len(fields.texts), AT_ONCE):
                yield Due(at, type_, fields._replace(texts=fields.texts[start : start + AT_ONCE]))
    yield Due(at, _END_EVENT[plan.ending.status], {"response": _end(plan, int(started + at))})


def _items(plan: Plan, ids: ItemIds) -> emit.Emissions:
    last = len(plan.steps) - 1
    for index, step in enumerate(plan.steps):
        cut = plan.ending.status == "incomplete" and index == last
        yield from _item(step, index, ids, plan.pace, "incomplete" if cut else "completed")


def _item(step: Step, index: int, ids: ItemIds, pace: Pace, status: str) -> emit.Emissions:
    def chunks(text: str) -> Sequence[str]:
        return cut_text(text, pace.chunk)

    match step:
        case Message(text=text, annotations=notes):
            return emit.message(ids.item("msg_"), index, text, chunks(text), annotations=notes, status=status)
        case Refusal(text=text):
            return emit.refusal(ids.item("msg_"), index, text, chunks(text), status=status)
        case Reasoning(summary=summary):
            return emit.reasoning(ids.item("rs_"), index, [(text, chunks(text)) for text in summary])
        case _:
            return tool(step.kind).emit(step, index, ids, chunks, status)


def cut_text(text: str, chunk: str | int) -> Sequence[str]:
    """The deltas of a text: `whole`, or by `token`, `word`, `character` or a number of characters.

    Joined they are the text; an empty text has none.
    """
    if chunk == "whole":
        return (text,) if text else ()
    if chunk == "token":
        return pieces(text)
    if chunk == "word":
        return _WORD.findall(text)
    size = 1 if chunk == "character" else int(chunk)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _end(plan: Plan, now: int) -> dict[str, Any]:
    ending = plan.ending
    changes: dict[str, Any] = {"status": ending.status, **plan.closing}
    if ending.status == "failed":
        return changes | {"error": {"code": ending.code, "message": ending.message}}
    if ending.status == "incomplete":
        changes["incomplete_details"] = {"reason": ending.reason}
    else:
        changes["completed_at"] = now
    return changes | {"usage": usage_object(plan.usage)}


def usage_object(usage: Usage) -> dict[str, Any]:
    """The `usage` of a Response."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
