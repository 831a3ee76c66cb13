"""Counts the tokens that steps put out and cuts them to a budget; it writes no words of its own."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.core.hosted import HostedCall
from emulator.core.usage import ESTIMATE, Counter, count_items
from emulator.script.plan import (
    Compaction,
    CustomToolCall,
    Events,
    FunctionCall,
    Item,
    Message,
    Reasoning,
    Refusal,
    Step,
    Wait,
)


def output_tokens(steps: Sequence[Step], counter: Counter = ESTIMATE) -> tuple[int, int]:
    """The output tokens of the steps, those of reasoning included, and the reasoning tokens alone."""
    tokens = reasoning = 0
    for step in steps:
        told = _tokens(step, counter)
        tokens += told
        reasoning += told if isinstance(step, Reasoning) else 0
    return tokens, reasoning


def limit(
    steps: tuple[Step, ...], max_output_tokens: int | None, counter: Counter = ESTIMATE
) -> tuple[tuple[Step, ...], bool]:
    """The steps as far as the tokens last, and whether something was cut.

    The first step that does not fit is cut at a piece of its text and ends the run; a reasoning step keeps
    the tokens that are left and loses its summary. A step of which nothing is left goes, but for the first.
    """
    if max_output_tokens is None:
        return steps, False
    left = max_output_tokens
    kept: list[Step] = []
    for step in steps:
        tokens = _tokens(step, counter)
        if tokens > left:
            if left > _least(step, counter) or not kept:
                kept.append(_cut(step, left, counter))
            return tuple(kept), True
        kept.append(step)
        left -= tokens
    return steps, False


def _tokens(step: Step, counter: Counter) -> int:
    count = counter.text
    match step:
        case Message() | Refusal():
            return count(step.text)
        case Reasoning() | Compaction():
            return step.tokens
        case FunctionCall():
            return count(step.name) + count(step.arguments)
        case CustomToolCall():
            return count(step.name) + count(step.input)
        case Item():
            return count_items([step.item], counter)
        case _:
            return count(step.written()) if isinstance(step, HostedCall) else 0


def _least(step: Step, counter: Counter) -> int:
    """What a step costs before its text begins; an item of a hosted tool or a raw one cannot be cut."""
    if isinstance(step, Item | HostedCall):
        return _tokens(step, counter)
    return counter.text(step.name) if isinstance(step, FunctionCall | CustomToolCall) else 0


def _cut(step: Step, left: int, counter: Counter) -> Step:
    cut = counter.cut
    match step:
        case Reasoning():
            return replace(step, summary=(), text="", tokens=left)
        case FunctionCall():
            return replace(step, arguments=cut(step.arguments, left - _least(step, counter)))
        case CustomToolCall():
            return replace(step, input=cut(step.input, left - _least(step, counter)))
        case Refusal():
            return replace(step, text=cut(step.text, left))
        case HostedCall() | Compaction() | Item() | Events() | Wait():
            return step
        case Message():
            text = cut(step.text, left)
            within = tuple(note for note in step.annotations if _end(note) <= len(text))
            return replace(step, text=text, annotations=within)


def _end(note: dict[str, object]) -> int:
    end = note.get("end_index", note.get("index", 0))
    return end if isinstance(end, int) else 0
