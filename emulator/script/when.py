"""A fixture's `when`: what it asks of a request, compiled at load; it chooses no fixture."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from operator import attrgetter
from typing import Any

from emulator.core.records import dataclass
from emulator.script.jsonpath import find, read_path
from emulator.script.node import Node
from emulator.script.patterns import Pattern, exact, expression, glob, literal_of, read_pattern, read_value
from emulator.script.view import View

Test = Callable[[View], bool]
SHOWN = 2_000  # characters of a long text in a message
LAST = 9  # the cost of what is looked at last


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. `wanted` is as written; `test` decides, for matching and explaining alike.

    `captures` gives the named groups that its regular expression has found. `clue` is a kind and a value without
    which the condition cannot hold: a folded text in the input, the name of a tool, a model.
    """

    key: str
    wanted: Any
    cost: int
    test: Test = field(compare=False, repr=False)
    got: Callable[[View], Any] = field(compare=False, repr=False)
    captures: Callable[[View], Mapping[str, Any]] | None = field(default=None, compare=False, repr=False)
    clue: tuple[str, str] | None = None


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
        return any(condition.key.partition(".")[0] == "tool_output" for condition in self.conditions)

    def holds(self, view: View) -> bool:
        """Whether all conditions hold."""
        return all(test(view) for test in self.tests)

    def captures(self, view: View) -> dict[str, Any]:
        """The named groups of all its regular expressions."""
        found: dict[str, Any] = {}
        for condition in self.conditions:
            if condition.captures:
                found |= condition.captures(view)
        return found


def read_when(node: Node) -> When:
    """Read `when`; raises FixtureError for what is wrong."""
    entries = node.mapping(tuple(KEYS))
    return When(tuple(condition for key, entry in entries.items() for condition in KEYS[key](key, entry)))


def _model(key: str, node: Node) -> list[Condition]:
    wanted = node.texts("globs")
    fits = [glob(one) for one in wanted]
    if len(fits) == 1:
        fit = fits[0]
        clue = ("model", wanted[0]) if exact(wanted[0]) else None
        return [_condition(key, node.plain(), 2, lambda view: fit(view.model), clue)]
    return [_condition(key, node.plain(), 3, lambda view: any(fit(view.model) for fit in fits))]


def _text(key: str, node: Node) -> list[Condition]:
    wanted, pattern, seen = node.filled(), read_pattern(node), attrgetter(key)
    if pattern:
        clue = _text_clue(key, literal_of(pattern.source).casefold())
        return [replace(_searched(key, wanted, pattern, seen), clue=clue)]
    folded, seen_folded = wanted.casefold(), attrgetter(f"{key}_folded")
    return [_condition(key, wanted, 5, lambda view: folded in seen_folded(view), _text_clue(key, folded))]


def _file(key: str, node: Node) -> list[Condition]:
    wanted, pattern = node.filled(), read_pattern(node)
    if pattern:
        return [replace(_searched(key, wanted, pattern, attrgetter("file_text")), got=_file_start)]
    folded = wanted.casefold()
    return [Condition(key, wanted, 6, lambda view: folded in view.file_folded, _file_start)]


def _file_start(view: View) -> str | None:
    """What is shown of the text of the files; None where there are none."""
    return view.file_text[:SHOWN] if view.ask.documents else None


def _text_clue(key: str, folded: str) -> tuple[str, str] | None:
    return ("text", folded) if key == "input" and folded else None


def _searched(key: str, wanted: str, pattern: Pattern, seen: Callable[[View], str | None]) -> Condition:
    def captures(view: View) -> Mapping[str, Any]:
        found = pattern.search(seen(view) or "")
        return found.groupdict() if found else {}

    def test(view: View) -> bool:
        text = seen(view)
        return text is not None and pattern.search(text) is not None

    return Condition(key, wanted, LAST - 1, test, seen, captures)


def _tools(key: str, node: Node) -> list[Condition]:
    return [_tool(key, entry.filled()) for entry in node.list("tool names")]


def _tool(key: str, name: str) -> Condition:
    return _condition(key, name, 4, lambda view: name in view.tools, ("tools", name))


def _tool_output(key: str, node: Node) -> list[Condition]:
    if not isinstance(node.value, dict):
        return [_named(key, node.filled())]
    entries = node.mapping(tuple(OUTPUT_KEYS))
    if not entries:
        node.wrong(f"{node.label} must not be empty")
    return [condition for name, entry in entries.items() for condition in OUTPUT_KEYS[name](f"{key}.{name}", entry)]


def _named(key: str, wanted: str) -> Condition:
    clue = ("tool_output", wanted)
    return _condition(key, wanted, 0, lambda view: view.tool_output == wanted, clue)


def _output_contains(key: str, node: Node) -> list[Condition]:
    wanted = node.filled()
    folded = wanted.casefold()
    test: Test = lambda view: view.tool_text is not None and folded in view.tool_text.casefold()  # noqa: E731
    return [Condition(key, wanted, 5, test, attrgetter("tool_text"))]


def _output_regex(key: str, node: Node) -> list[Condition]:
    pattern = read_pattern(node) or expression(node, node.filled())
    return [_searched(key, node.filled(), pattern, attrgetter("tool_text"))]


def _output_json(key: str, node: Node) -> list[Condition]:
    return _paths(key, node, attrgetter("tool_value"))


def _jsonpath(key: str, node: Node) -> list[Condition]:
    return _paths(key, node, attrgetter("body"))


def _paths(key: str, node: Node, seen: Callable[[View], Any]) -> list[Condition]:
    return [_path(f"{key}.{path}", path, entry, seen) for path, entry in _entries(node).items()]


def _path(key: str, path: str, node: Node, seen: Callable[[View], Any]) -> Condition:
    """One value of a JSON document; a key that begins with `$` is a path, any other the key of its top."""
    fits = read_value(node)
    if path.startswith("$"):
        steps = read_path(node, path)
        found: Callable[[View], list[Any]] = lambda view: find(steps, seen(view))  # noqa: E731
    else:
        found = lambda view: [held[path]] if isinstance(held := seen(view), dict) and path in held else []  # noqa: E731
    return Condition(key, node.plain(), LAST, lambda view: any(fits(value) for value in found(view)), found)


def _flag(key: str, node: Node) -> list[Condition]:
    wanted, seen = node.flag(), attrgetter(key)
    return [_condition(key, wanted, 1, lambda view: seen(view) is wanted)]


def _turn(key: str, node: Node) -> list[Condition]:
    entries = node.list("turns") if isinstance(node.value, list) else [node]
    wanted = frozenset(entry.integer(1) for entry in entries)
    return [_condition(key, node.plain(), 4, lambda view: view.turn in wanted)]


def _previous(key: str, node: Node) -> list[Condition]:
    wanted = node.filled()
    return [_condition(key, wanted, 1, lambda view: view.previous == wanted)]


def _headers(key: str, node: Node) -> list[Condition]:
    return [_header(f"{key}.{name.lower()}", name.lower(), entry) for name, entry in _entries(node).items()]


def _header(key: str, name: str, node: Node) -> Condition:
    wanted, pattern = node.filled(), read_pattern(node)
    fits: Callable[[str], bool] = glob(wanted)
    if pattern:
        fits = lambda text: pattern.search(text) is not None  # noqa: E731

    def test(view: View) -> bool:
        value = view.header(name)
        return value is not None and fits(value)

    return Condition(key, wanted, 4, test, lambda view: view.shown_header(name))


def _metadata(key: str, node: Node) -> list[Condition]:
    return [_metadatum(f"{key}.{name}", name, entry.text()) for name, entry in _entries(node).items()]


def _metadatum(key: str, name: str, wanted: str) -> Condition:
    got: Callable[[View], Any] = lambda view: view.metadata.get(name)  # noqa: E731
    return Condition(key, wanted, 4, lambda view: view.metadata.get(name) == wanted, got)


def _any(key: str, node: Node) -> list[Condition]:
    whens = [read_when(entry) for entry in node.list("whens")]
    got: Callable[[View], Any] = lambda view: [number for number, when in enumerate(whens) if when.holds(view)]  # noqa: E731
    return [Condition(key, node.plain(), LAST, lambda view: any(when.holds(view) for when in whens), got)]


def _not(key: str, node: Node) -> list[Condition]:
    when = read_when(node)
    if not when.conditions:
        node.wrong(f"{node.label} must not be empty: it would never match")
    got: Callable[[View], Any] = lambda view: {one.key: one.got(view) for one in when.conditions}  # noqa: E731
    return [Condition(key, node.plain(), LAST, lambda view: not when.holds(view), got)]


def _entries(node: Node) -> dict[str, Node]:
    entries = node.any_mapping()
    if not entries:
        node.wrong(f"{node.label} must not be empty")
    return entries


def _condition(key: str, wanted: Any, cost: int, test: Test, clue: tuple[str, str] | None = None) -> Condition:
    return Condition(key, wanted, cost, test, attrgetter(key), clue=clue)


Reader = Callable[[str, Node], list[Condition]]
OUTPUT_KEYS: dict[str, Reader] = {
    "name": lambda _, node: [_named("tool_output", node.filled())],
    "contains": _output_contains,
    "regex": _output_regex,
    "json": _output_json,
}
KEYS: dict[str, Reader] = {
    "model": _model,
    "input": _text,
    "instructions": _text,
    "tools": _tools,
    "tool_output": _tool_output,
    "turn": _turn,
    "previous": _previous,
    "background": _flag,
    "stream": _flag,
    "has_image": _flag,
    "has_file": _flag,
    "file": _file,
    "metadata": _metadata,
    "headers": _headers,
    "jsonpath": _jsonpath,
    "any": _any,
    "not": _not,
}
