"""One fixture, whatever way it came in: when it applies and what the model then does; it reads no file."""

import re
from dataclasses import dataclass, field
from typing import Any

from emulator.script.node import FixtureError, Node, node_of
from emulator.script.plan import Ending, Pace, Progress, Step
from emulator.script.then import Then, read_then
from emulator.script.when import When, read_when

__all__ = ["Fixture", "FixtureError", "Then", "When", "from_dict", "from_node", "from_nodes"]

KEYS = ("name", "when", "then", "stream", "background", "priority")
LATER = ("sequence", "times", "per", "usage")
CHUNKS = ("word", "token", "character")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A scripted answer (docs/reference/fixtures.md).

    `where` is `file:line`, or the name of another source. `progress` is None where the run takes the default.
    `rank` orders the fixtures that match one request: the greatest wins, and among equals the later one.
    """

    name: str
    when: When
    then: Then
    pace: Pace = field(default_factory=Pace)
    progress: Progress | None = None
    priority: int = 0
    where: str = ""
    rank: tuple[int, bool, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        rank = (self.priority, self.when.answers_tool, len(self.when.conditions))
        object.__setattr__(self, "rank", rank)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the model says, in order."""
        return self.then.steps

    @property
    def ending(self) -> Ending:
        """How the run ends."""
        return self.then.ending


def from_dict(data: Any, where: str) -> Fixture:
    """Read one fixture from plain data (dicts, lists, scalars), as Python and HTTP give it.

    `where` names the source in errors; raises FixtureError.
    """
    return from_node(node_of(data, where))


def from_nodes(node: Node) -> tuple[Fixture, ...]:
    """Read a list of fixtures, or one; nothing at all is no fixture. Raises FixtureError."""
    if node.value is None:
        return ()
    nodes = node.value if isinstance(node.value, list) else [node]
    return tuple(from_node(entry) for entry in nodes)


def from_node(node: Node) -> Fixture:
    """Read one fixture from nodes; raises FixtureError."""
    entries = node.mapping(KEYS, LATER)
    if "then" not in entries:
        node.wrong(f"{node.label} needs 'then', a list of steps")
    return Fixture(
        name=_name(entries["name"]) if "name" in entries else node.place,
        when=read_when(entries["when"]) if "when" in entries else When(),
        then=read_then(entries["then"]),
        pace=_pace(entries["stream"]) if "stream" in entries else Pace(),
        progress=_progress(entries["background"]) if "background" in entries else None,
        priority=entries["priority"].integer() if "priority" in entries else 0,
        where=node.place,
    )


def _name(node: Node) -> str:
    name = node.filled()
    if not name.isprintable():
        node.wrong(f"{node.label} must be one line of printable text, not {node.kind}")
    return name


def _pace(node: Node) -> Pace:
    entries = node.mapping(("chunk", "first", "every"))
    return Pace(
        chunk=_chunk(entries["chunk"]) if "chunk" in entries else "token",
        first=_seconds(entries["first"]) if "first" in entries else 0.0,
        every=_seconds(entries["every"]) if "every" in entries else 0.0,
    )


def _chunk(node: Node) -> str | int:
    if isinstance(node.value, list):
        node.later(f"{node.label} as a list")
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.integer(1)
    if node.value not in CHUNKS:
        node.wrong(f"{node.label} must be {', '.join(CHUNKS)} or a number of characters, not {node.kind}")
    return node.text()


def _progress(node: Node) -> Progress:
    if node.value == "manual":
        node.later(f"{node.label}: manual")
    entries = node.mapping(("queued", "polls"))
    if len(entries) != 1:
        node.wrong(f"{node.label} needs either 'queued' or 'polls'")
    if "polls" in entries:
        return Progress(polls=entries["polls"].integer(1))
    return Progress(polls=None, queued=_seconds(entries["queued"]))


def _seconds(node: Node) -> float:
    match = DURATION.fullmatch(node.value) if isinstance(node.value, str) else None
    if not match:
        node.wrong(f"{node.label} must be a duration such as 300ms, 1.5s, 2m, 1h or 31d, not {node.kind}")
    return round(float(match[1]) * UNITS[match[2]], 9)
