"""From a request and the fixture that answers it to a plan, else the built-in model's; it runs nothing."""

from collections.abc import Mapping
from dataclasses import field, replace

from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest
from emulator.core.response import closing
from emulator.core.usage import Counter, count_tools
from emulator.script.ask import Ask
from emulator.script.calls import at_most, grouped, one_call
from emulator.script.fallback import answer, expanded, go_on, limit, output_tokens
from emulator.script.fixture import Fixture
from emulator.script.plan import Ending, Message, Pace, Plan, Progress, Refusal, Step, Usage
from emulator.script.scene import scene
from emulator.script.template_parts import TemplateError
from emulator.script.then import Then
from emulator.script.view import View

COMPLETED = Ending()
CUT = Ending("incomplete", reason="max_output_tokens")
NOTHING = Then()
UNSEEN = Pace("whole")  # nobody sees the deltas of a plain answer
SPOKEN = (Message, Refusal)
POLLS = Progress(polls=2)
AT_FULL_SPEED = Progress()


@dataclass(frozen=True, slots=True)
class Taken:
    """What answers: `fixture` with what it says this time, or the built-in model where it is None.

    `hit` is the number of this match, from 1; `hits` what the chain remembers of its counted fixtures from now on.
    """

    fixture: Fixture | None = None
    then: Then = NOTHING
    hit: int = 0
    hits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a run says, before it is a plan: `fixture` says it, or the built-in model where that is None.

    The first `ready` of its steps are prepared: no tool needs to see them again before they are worked on.
    """

    steps: tuple[Step, ...]
    ending: Ending = COMPLETED
    fixture: Fixture | None = None
    ready: int = 0

    @property
    def name(self) -> str | None:
        """The name of the fixture."""
        return self.fixture.name if self.fixture else None

    def worked(self, done: HostedCall, ask: Ask) -> "Said":
        """The same with the outside work of its first open call `done`; the built-in model says what comes after."""
        at = self._open()
        rest = self.steps[at + 1 :]
        steps = (*self.steps[:at], done, *rest)
        return replace(self, steps=steps if self.fixture or rest else (*steps, *go_on(ask, steps)))

    def broken(self, done: HostedCall, message: str) -> "Said":
        """The same ended as failed after its first open call, without which the response is nothing."""
        steps = (*self.steps[: self._open()], done)
        ending = Ending("failed", code="server_error", message=message)
        return replace(self, steps=steps, ending=ending, ready=len(steps))

    def _open(self) -> int:
        return next(at for at, step in enumerate(self.steps) if isinstance(step, HostedCall) and step.work is not None)


def say(view: View, taken: Taken, *, response_id: str, now: float) -> Said:
    """What answers a request: a fixture with its templates filled in, or the built-in model.

    Raises `template_failed`, and `not_implemented` for what the built-in model cannot do.
    """
    fixture = taken.fixture
    if fixture is None:
        return Said(answer(view.ask))
    try:
        steps = taken.then.filled(lambda: scene(view, fixture.when, response_id=response_id, now=now))
    except TemplateError as error:
        failure = ApiError("template_failed", fixture=fixture.name, where=fixture.where, reason=error)
        failure.fixture = fixture.name
        raise failure from None
    steps = grouped(steps, view.ask.client_tools)
    return Said(expanded(view.ask, steps), taken.then.ending, fixture)


def make_plan(said: Said, ask: Ask, dialect: Dialect, *, tokens: int, every: float) -> Plan:
    """The plan of a run; `tokens` is the size of its context, `every` the pace of an unscripted stream in seconds."""
    request, fixture = ask.request, said.fixture
    steps, ending = said.steps, said.ending
    if not request.parallel_tool_calls:
        steps = one_call(steps)
    if request.max_tool_calls is not None:
        steps = at_most(steps, request.max_tool_calls)
    if request.max_output_tokens is not None:
        steps, cut = limit(steps, request.max_output_tokens, ask.counter)
        ending = CUT if cut else ending
    output, reasoning = output_tokens(steps, ask.counter)
    usage = Usage(tokens, output=output, reasoning=reasoning)
    return Plan(
        steps=steps,
        ending=ending,
        pace=_pace(ask, fixture, every),
        progress=(fixture and fixture.progress) or (AT_FULL_SPEED if request.stream else POLLS),
        usage=replace(usage, **fixture.usage) if fixture and fixture.usage else usage,
        fixture=said.name,
        closing=closing(
            request,
            dialect,
            prompt=len(ask.last_user_text()),
            completion=sum([len(step.text) for step in steps if isinstance(step, SPOKEN)]),
            blocked=ending.reason == "content_filter",
        ),
    )


def context_tokens(request: CreateRequest, items: int, counter: Counter) -> int:
    """The size of a run's context in tokens: all `items` of its chain and its own, its instructions and tools."""
    told = counter.text(request.instructions) if request.instructions else 0
    return items + told + count_tools(request.tools, counter)


def _pace(ask: Ask, fixture: Fixture | None, stream_every: float) -> Pace:
    progress = fixture.progress if fixture else None
    by_clock = progress is not None and progress.polls is None and not progress.manual
    timed = ask.request.background and by_clock
    if not (ask.request.stream or timed):
        return UNSEEN
    return fixture.pace if fixture else Pace(every=stream_every)
