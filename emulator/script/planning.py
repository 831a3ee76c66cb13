"""From a request to its plan: the fixture that matches, else the built-in model; it runs nothing."""

from dataclasses import replace

from emulator.core.dialects import Dialect
from emulator.core.requests import CreateRequest
from emulator.core.response import closing
from emulator.core.usage import count, count_tools
from emulator.script.ask import Ask
from emulator.script.fallback import answer, limit, output_tokens
from emulator.script.fixture import Fixture
from emulator.script.match import choose
from emulator.script.plan import Ending, Message, Pace, Plan, Progress, Refusal, Usage

POLLS = Progress(polls=2)
AT_FULL_SPEED = Progress()


def make_plan(ask: Ask, fixtures: tuple[Fixture, ...], dialect: Dialect, *, stream_every: float, tokens: int) -> Plan:
    """The plan of a run; `tokens` is the size of its context, `stream_every` the pace of an unscripted stream."""
    fixture = choose(fixtures, ask) if fixtures else None
    if fixture is not None:
        plan = Plan(fixture.steps, fixture.ending, fixture.pace, fixture.progress or Progress(), fixture=fixture.name)
    else:
        plan = Plan(answer(ask), pace=Pace(every=stream_every))
    plan = _limited(plan, ask.request.max_output_tokens)
    timed = fixture is not None and fixture.progress is not None and fixture.progress.polls is None
    if fixture is None or fixture.progress is None:
        plan = replace(plan, progress=AT_FULL_SPEED if ask.request.stream else POLLS)
    if not (ask.request.stream or (ask.request.background and timed)):
        plan = replace(plan, pace=Pace("whole"))  # nobody sees the deltas of a plain answer
    return _counted(plan, ask, dialect, tokens)


def context_tokens(request: CreateRequest, items: int) -> int:
    """The size of a run's context in tokens: all `items` of its chain and its own, its instructions and tools."""
    return items + count(request.instructions or "") + count_tools(request.tools)


def _limited(plan: Plan, most: int | None) -> Plan:
    if most is None:
        return plan
    steps, cut = limit(plan.steps, most)
    if not cut:
        return plan
    return replace(plan, steps=steps, ending=Ending("incomplete", reason="max_output_tokens"))


def _counted(plan: Plan, ask: Ask, dialect: Dialect, tokens: int) -> Plan:
    output, reasoning = output_tokens(plan.steps)
    said = sum(len(step.text) for step in plan.steps if isinstance(step, Message | Refusal))
    return replace(
        plan,
        usage=Usage(input=tokens, output=output, reasoning=reasoning),
        closing=closing(
            ask.request,
            dialect,
            prompt=len(ask.last_user_text()),
            completion=said,
            blocked=plan.ending.reason == "content_filter",
        ),
    )
