"""What a run will say, decided before it starts: steps, ending, pace and progress; it emits no event itself."""

from collections.abc import Iterable
from dataclasses import field
from typing import Any, ClassVar

import orjson

from emulator.core.hosted import HostedCall
from emulator.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message item with one `output_text` part."""

    kind: ClassVar[str] = "message"
    text: str
    annotations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message item with one `refusal` part."""

    kind: ClassVar[str] = "refusal"
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning item; `summary` holds one text per summary part, and may be empty. `tokens` are billed.

    `text` is the reasoning itself, which open models tell; `encrypted` what the client keeps of it.
    """

    kind: ClassVar[str] = "reasoning"
    summary: tuple[str, ...] = ()
    tokens: int = 0
    text: str = ""
    encrypted: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function tool; `arguments` is the JSON text as the model wrote it, `namespace` the tool's group."""

    kind: ClassVar[str] = "function_call"
    name: str
    arguments: str = "{}"
    call_id: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class CustomToolCall:
    """A call of a custom tool; `input` is free text, `namespace` the tool's group."""

    kind: ClassVar[str] = "custom_tool_call"
    name: str
    input: str = ""
    call_id: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Compaction:
    """An item that stands for the whole context so far; what is `encrypted` and its `tokens` follow from that."""

    kind: ClassVar[str] = "compaction"
    encrypted: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """Any output item; what it leaves out of `id`, `call_id` and `status` is filled in."""

    kind: ClassVar[str] = "item"
    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Events:
    """Events as they are sent, between two items; none of them changes the Response."""

    kind: ClassVar[str] = "events"
    events: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is said for so many seconds of the clock."""

    kind: ClassVar[str] = "wait"
    seconds: float


Step = Message | Refusal | Reasoning | FunctionCall | CustomToolCall | HostedCall | Compaction | Item | Events | Wait
_KINDS = (Message, Refusal, Reasoning, FunctionCall, CustomToolCall, HostedCall, Compaction, Item, Events, Wait)
STEPS: dict[str, type[Step]] = {step.kind: step for step in _KINDS}


def holds(steps: Iterable[Step], kind: type[Step]) -> bool:
    """Whether one of the steps is of that kind. Asked many times of each plan, of which nearly all have one step."""
    for step in steps:  # noqa: SIM110 (a generator would take three times as long)
        if isinstance(step, kind):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run ends: `completed`; `failed` with `code` and `message`; `incomplete` with `reason`.

    `error_event` is the form of the `error` event before `response.failed`: `nested`, `flat`, or `none` for none; None
    leaves it to the settings.
    """

    status: str = "completed"
    code: str | None = None
    message: str | None = None
    reason: str | None = None
    error_event: str | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How the words come: `chunk` is `token`, `word`, `character`, `whole`, a number of characters or the deltas.

    `first` and `every` are seconds before the first and before each further delta.
    """

    chunk: str | int | tuple[str, ...] = "token"
    first: float = 0.0
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """When a background run moves on.

    `polls`: `in_progress` at the first GET, its end at the `polls`-th, or by itself after `idle` seconds of the
    clock without a poll. `None`: by the clock, `queued` seconds after it was created, then at the pace. `manual`:
    only when it is told to; the row's `polls` are 0 (queued), 1 (in_progress) or 2 (it goes).
    """

    polls: int | None = None
    idle: float = 10.0
    queued: float = 0.0
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one run. `input` counts the whole context."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole run in advance: pure data, saved as JSON with a background response.

    `closing` are more fields that the Response gets with its last event.
    """

    steps: tuple[Step, ...] = ()
    ending: Ending = field(default_factory=Ending)
    pace: Pace = field(default_factory=Pace)
    progress: Progress = field(default_factory=Progress)
    usage: Usage = field(default_factory=Usage)
    fixture: str | None = None
    closing: dict[str, Any] = field(default_factory=dict)

    @property
    def open_work(self) -> HostedCall | None:
        """The first call whose outside work is not done yet: nothing after it is known."""
        for step in self.steps:
            if isinstance(step, HostedCall) and step.work is not None:
                return step
        return None

    @property
    def makes_files(self) -> bool:
        """Whether its code makes files, which are saved with its end."""
        for step in self.steps:  # noqa: SIM110 (asked of each plan: a generator would take three times as long)
            if isinstance(step, HostedCall) and step.fields.get("files"):
                return True
        return False

    def to_json(self) -> bytes:
        """The plan as it is saved."""
        steps = [{"kind": step.kind, **_fields(step)} for step in self.steps]
        return orjson.dumps({**_fields(self), "steps": steps})

    @classmethod
    def from_json(cls, saved: bytes) -> "Plan":
        """Read a saved plan back; the same plan gives the same events, byte for byte."""
        data = orjson.loads(saved)
        steps = tuple(_step(step) for step in data["steps"])
        return cls(
            steps=steps,
            ending=Ending(**data["ending"]),
            pace=_pace(data["pace"]),
            progress=Progress(**data["progress"]),
            usage=Usage(**data["usage"]),
            fixture=data["fixture"],
            closing=data["closing"],
        )


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _pace(data: dict[str, Any]) -> Pace:
    chunk = data["chunk"]
    return Pace(**{**data, "chunk": tuple(chunk) if isinstance(chunk, list) else chunk})


def _step(data: dict[str, Any]) -> Step:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    step: Step = STEPS[values.pop("kind")](**values)
    return step
