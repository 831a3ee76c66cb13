"""A fixture's `when`: what it asks of a request, compiled at load; it chooses no fixture."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from operator import attrgetter
from typing import Any

from emulator.script.ask import Ask
from emulator.script.node import Node

LATER = ("any", "not", "turn", "previous", "headers", "has_image", "has_file", "jsonpath")


class View:
    """What conditions look at: one request, read once however many fixtures ask."""

    def __init__(self, ask: Ask) -> None:
        request = ask.request
        self.ask = ask
        self.model = request.model
        self.background = request.background
        self.stream = request.stream
        self.metadata = request.metadata
        self.instructions = request.instructions or ""
        self.tool_output = _answered(ask)

    @cached_property
    def tools(self) -> list[str]:
        """Names of the tools offered; a hosted tool goes by its type."""
        return [str(tool.get("name") or tool.get("type")) for tool in self.ask.request.tools]

    @cached_property
    def input(self) -> str:
        """Text of the last user message."""
        return self.ask.last_user_text()

    @cached_property
    def input_folded(self) -> str:
        """The same without upper and lower case."""
        return self.input.casefold()

    @cached_property
    def instructions_folded(self) -> str:
        """The instructions without upper and lower case."""
        return self.instructions.casefold()


def _answered(ask: Ask) -> str | None:
    """The name of the function (or custom tool) whose call the last input item answers."""
    last = ask.items[-1] if ask.items else {}
    if last.get("type") not in ("function_call_output", "custom_tool_call_output"):
        return None
    _, name = ask.calls.get(str(last.get("call_id")), ("", None))
    return name


Test = Callable[[View], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. `wanted` is as written; `test` decides, for matching and explaining alike."""

    key: str
    wanted: Any
    cost: int
    test: Test = field(compare=False, repr=False)
    got: Callable[[View], Any] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of a fixture, all of which must hold; none at all means every request.

    `tests` are those of the conditions, cheap ones first.
    """

    conditions: tuple[Condition, ...] = ()
    tests: tuple[Test, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.conditions, key=lambda condition: condition.cost)
        object.__setattr__(self, "tests", tuple(condition.test for condition in ordered))

    @property
    def answers_tool(self) -> bool:
        """Whether it waits for the output of a tool."""
        return any(condition.key == "tool_output" for condition in self.conditions)


def read_when(node: Node) -> When:
    """Read `when`; raises FixtureError for what is wrong or not built yet."""
    entries = node.mapping(tuple(KEYS), LATER)
    return When(tuple(condition for key, entry in entries.items() for condition in KEYS[key](key, entry)))


def _model(key: str, node: Node) -> list[Condition]:
    wanted = node.filled()
    if not any(char in wanted for char in "*?["):
        return [_condition(key, wanted, 2, lambda view: view.model == wanted)]
    matches = re.compile(translate(wanted)).match
    return [_condition(key, wanted, 3, lambda view: bool(matches(view.model)))]


def _text(key: str, node: Node) -> list[Condition]:
    wanted, pattern = node.filled(), _pattern(node)
    if pattern:
        search, seen = pattern.search, attrgetter(key)
        return [_condition(key, wanted, 6, lambda view: bool(search(seen(view))))]
    folded, seen_folded = wanted.casefold(), attrgetter(f"{key}_folded")
    return [_condition(key, wanted, 5, lambda view: folded in seen_folded(view))]


def _pattern(node: Node) -> re.Pattern[str] | None:
    """The regular expression between slashes; None where the text is meant as it stands."""
    wanted = node.filled()
    if re.fullmatch(r"/.+/[aimsx]+", wanted, re.DOTALL):
        node.wrong(f"{node.label} has flags after its regular expression; write them inside, as /(?i)hello/")
    if len(wanted) < 3 or wanted[0] != "/" or wanted[-1] != "/":
        return None
    try:
        return re.compile(wanted[1:-1])
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        node.wrong(f"{node.label} is not a regular expression: {' '.join(str(error).split())}")


def _tools(key: str, node: Node) -> list[Condition]:
    return [_tool(key, entry.filled()) for entry in node.list("tool names")]


def _tool(key: str, name: str) -> Condition:
    return _condition(key, name, 4, lambda view: name in view.tools)


def _tool_output(key: str, node: Node) -> list[Condition]:
    if isinstance(node.value, dict):
        node.later(f"{node.label} with its content")
    wanted = node.filled()
    return [_condition(key, wanted, 0, lambda view: view.tool_output == wanted)]


def _flag(key: str, node: Node) -> list[Condition]:
    wanted, seen = node.flag(), attrgetter(key)
    return [_condition(key, wanted, 1, lambda view: seen(view) is wanted)]


def _metadata(key: str, node: Node) -> list[Condition]:
    entries = node.any_mapping()
    if not entries:
        node.wrong(f"{node.label} must not be empty")
    return [_metadatum(f"{key}.{name}", name, entry.text()) for name, entry in entries.items()]


def _metadatum(key: str, name: str, wanted: str) -> Condition:
    got: Callable[[View], Any] = lambda view: view.metadata.get(name)  # noqa: E731
    return Condition(key, wanted, 4, lambda view: view.metadata.get(name) == wanted, got)


def _condition(key: str, wanted: Any, cost: int, test: Test) -> Condition:
    return Condition(key, wanted, cost, test, attrgetter(key))


KEYS: dict[str, Callable[[str, Node], list[Condition]]] = {
    "model": _model,
    "input": _text,
    "instructions": _text,
    "tools": _tools,
    "tool_output": _tool_output,
    "background": _flag,
    "stream": _flag,
    "metadata": _metadata,
}
