"""From a request to its plan: the fixture that matches, else the built-in model; it runs nothing."""

from emulator.core.dialects import Dialect
from emulator.core.requests import CreateRequest
from emulator.core.response import closing
from emulator.core.usage import count, count_tools
from emulator.script.ask import Ask
from emulator.script.fallback import answer, limit, output_tokens
from emulator.script.fixture import Fixture
from emulator.script.match import choose
from emulator.script.plan import Ending, Message, Pace, Plan, Progress, Refusal, Usage

COMPLETED = Ending()
CUT = Ending("incomplete", reason="max_output_tokens")
UNSEEN = Pace("whole")  # nobody sees the deltas of a plain answer
POLLS = Progress(polls=2)
AT_FULL_SPEED = Progress()


def make_plan(ask: Ask, fixtures: tuple[Fixture, ...], dialect: Dialect, *, stream_every: float, tokens: int) -> Plan:
    """The plan of a run; `tokens` is the size of its context, `stream_every` the pace of an unscripted stream."""
    fixture = choose(fixtures, ask) if fixtures else None
    request = ask.request
    steps, ending = (fixture.steps, fixture.ending) if fixture else (answer(ask), COMPLETED)
    if request.max_output_tokens is not None:
        steps, cut = limit(steps, request.max_output_tokens)
        ending = CUT if cut else ending
    output, reasoning = output_tokens(steps)
    return Plan(
        steps=steps,
        ending=ending,
        pace=_pace(ask, fixture, stream_every),
        progress=(fixture and fixture.progress) or (AT_FULL_SPEED if request.stream else POLLS),
        usage=Usage(input=tokens, output=output, reasoning=reasoning),
        fixture=fixture.name if fixture else None,
        closing=closing(
            request,
            dialect,
            prompt=len(ask.last_user_text()),
            completion=sum(len(step.text) for step in steps if isinstance(step, Message | Refusal)),
            blocked=ending.reason == "content_filter",
        ),
    )


def context_tokens(request: CreateRequest, items: int) -> int:
    """The size of a run's context in tokens: all `items` of its chain and its own, its instructions and tools."""
    return items + count(request.instructions or "") + count_tools(request.tools)


def _pace(ask: Ask, fixture: Fixture | None, stream_every: float) -> Pace:
    progress = fixture.progress if fixture else None
    timed = ask.request.background and progress is not None and progress.polls is None
    if not (ask.request.stream or timed):
        return UNSEEN
    return fixture.pace if fixture else Pace(every=stream_every)
