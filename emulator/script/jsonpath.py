"""A small part of JSONPath, enough to point into a request: `$.a.b[0]`, `[-1]`, `['a b']`, `[*]`, `..name`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.node import Node

LONGEST = 200
_STEP = lazy_pattern(
    r"(?P<deep>\.\.)(?P<below>[\w-]+|\*)|\.(?P<name>[\w-]+)|\.(?P<all>\*)|\[(?P<each>\*)\]|\[(?P<index>-?\d{1,9})\]"
    r"|\['(?P<single>[^']*)'\]|\[\"(?P<double>[^\"]*)\"\]"
)


class Step(NamedTuple):
    """One step: a key or an index, `*` where `every`, at any depth where `deep`."""

    key: str | int
    every: bool
    deep: bool


def read_path(node: Node, text: str) -> tuple[Step, ...]:
    """The steps of a path; the node is named in the error where it is none."""
    at, steps = 1, []
    while text[:1] == "$" and at < len(text) <= LONGEST:
        found = _STEP.match(text, at)
        if not found:
            break
        steps.append(_step(found))
        at = found.end()
    if text[:1] != "$" or at != len(text):
        node.wrong(f"{node.label} is no path such as $.tools[0].name; it may hold .name, [0], ['name'], [*] and ..name")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    given = found.groupdict()
    if given["index"] is not None:
        return Step(int(given["index"]), False, False)
    key = next(given[name] for name in ("below", "name", "all", "each", "single", "double") if given[name] is not None)
    every = bool(given["all"] or given["each"] or given["below"] == "*")
    return Step(key, every, given["deep"] is not None)


def find(steps: Iterable[Step], value: Any) -> list[Any]:
    """Every value that the path leads to; none where it leads nowhere."""
    found = [value]
    for step in steps:
        found = [below for one in found for held in (_all(one) if step.deep else (one,)) for below in _next(step, held)]
    return found


def _next(step: Step, value: Any) -> Iterator[Any]:
    if step.every:
        yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    elif isinstance(step.key, str):
        if isinstance(value, dict) and step.key in value:
            yield value[step.key]
    elif isinstance(value, list) and -len(value) <= step.key < len(value):
        yield value[step.key]


def _all(value: Any) -> Iterator[Any]:
    """The value and everything in it, the outer before the inner."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend(reversed(list(inner)))
