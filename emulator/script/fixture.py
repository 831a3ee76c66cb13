"""One fixture, whatever way it came in: when it applies and what the model then does; it reads no file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from emulator.core.records import dataclass
from emulator.script.draft import Draft
from emulator.script.node import FixtureError, Node, node_of
from emulator.script.plan import FunctionCall, Message, Pace, Progress, Reasoning, Refusal, Step
from emulator.script.served import Served, is_served, read_served
from emulator.script.then import Then, read_then
from emulator.script.when import When, read_when

__all__ = ["Fixture", "FixtureError", "Then", "When", "from_dict", "from_node", "from_nodes"]

KEYS = (
    "name",
    "when",
    "then",
    "sequence",
    "at_end",
    "times",
    "per",
    "stream",
    "background",
    "usage",
    "priority",
    "where",
)
AT_END = ("repeat_last", "cycle", "error")
PER = ("namespace", "chain")
CHUNKS = ("word", "token", "character")
USAGE = {"input_tokens": "input", "output_tokens": "output", "reasoning_tokens": "reasoning", "cached_tokens": "cached"}
MOST = 10_000  # fixtures of one file or request


@dataclass(frozen=True, slots=True)
class Fixture:
    """A scripted answer (docs/reference/fixtures.md).

    `where` is `file:line`, or the name of another source. `progress` is None where the run takes the default.
    `thens` has an entry for each match of a sequence, else one. `run_time` says that it came over HTTP. `rank` orders
    the fixtures that match one request: the greatest wins, and among equals the later one. One that is `served` answers
    no request: it says what a URL of the input leads to.
    """

    name: str
    when: When
    thens: tuple[Then, ...]
    at_end: str = "repeat_last"
    times: int | None = None
    per: str = "namespace"
    pace: Pace = field(default_factory=Pace)
    progress: Progress | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    where: str = ""
    run_time: bool = False
    served: Served | None = None
    source: Node | None = field(default=None, compare=False, repr=False)
    id: str = field(init=False, compare=False, repr=False)
    rank: tuple[int, bool, bool, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        rank = (self.priority, self.run_time, self.when.answers_tool, len(self.when.conditions))
        object.__setattr__(self, "rank", rank)
        object.__setattr__(self, "id", id_of(self.name, run_time=self.run_time))

    @property
    def then(self) -> Then:
        """What the first match says."""
        return self.thens[0]

    @property
    def counted(self) -> bool:
        """Whether it matters how often it has matched."""
        return self.times is not None or len(self.thens) > 1 or self.at_end == "error"

    def turn(self, hits: int) -> Then | None:
        """What the match after so many `hits` says; None where the sequence has ended."""
        last = len(self.thens) - 1
        if hits <= last:
            return self.thens[hits]
        if self.at_end == "cycle":
            return self.thens[hits % len(self.thens)]
        return self.thens[last] if self.at_end == "repeat_last" else None


def id_of(name: str, *, run_time: bool) -> str:
    """The id of a fixture: one of the same name has the same, so it takes its place."""
    return ("fx_" if run_time else "file_") + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def from_dict(data: Any, where: str, *, run_time: bool = False) -> Fixture:
    """Read one fixture from plain data (dicts, lists, scalars), as Python and HTTP give it.

    `where` names the source in errors; raises FixtureError.
    """
    return from_node(node_of(data, where), run_time=run_time)


def from_nodes(node: Node, *, run_time: bool = False) -> tuple[Fixture, ...]:
    """Read a list of fixtures, or one; nothing at all is no fixture. Raises FixtureError."""
    return tuple(from_node(entry, run_time=run_time) for entry in entries_of(node))


def entries_of(node: Node) -> list[Node]:
    """The fixtures of a file or request, each unread."""
    if node.value is None:
        return []
    entries = node.value if isinstance(node.value, list) else [node]
    if len(entries) > MOST:
        node.wrong(f"more than {MOST} fixtures")
    return entries


def from_node(node: Node, *, run_time: bool = False) -> Fixture:
    """Read one fixture from nodes; raises FixtureError."""
    if is_served(node):
        return _of_url(node, run_time=run_time)
    entries = node.mapping(KEYS)
    thens = _thens(node, entries)
    fixture = Fixture(
        name=_name(entries["name"]) if "name" in entries else _unnamed(node, run_time=run_time),
        when=read_when(entries["when"]) if "when" in entries else When(),
        thens=thens,
        at_end=entries["at_end"].one_of(AT_END) if "at_end" in entries else "repeat_last",
        times=entries["times"].integer(1) if "times" in entries else None,
        per=entries["per"].one_of(PER) if "per" in entries else "namespace",
        pace=_pace(entries["stream"], thens) if "stream" in entries else Pace(),
        progress=_progress(entries["background"]) if "background" in entries else None,
        usage=_usage(entries["usage"]) if "usage" in entries else {},
        priority=entries["priority"].integer() if "priority" in entries else 0,
        where=_name(entries["where"]) if "where" in entries else node.place,
        run_time=run_time,
        source=node,
    )
    if "per" in entries and not fixture.counted:
        entries["per"].wrong(f"{entries['per'].label} needs 'times' or 'sequence': nothing else is counted")
    return fixture


def _of_url(node: Node, *, run_time: bool) -> Fixture:
    served, entries = read_served(node), node.any_mapping()
    url = _name(entries["url"])
    return Fixture(
        name=_name(entries["name"]) if "name" in entries else url,  # under which it is stored, and read again
        when=When(),
        thens=(Then(),),
        where=_name(entries["where"]) if "where" in entries else node.place,
        run_time=run_time,
        served=served,
        source=node,
    )


def _thens(node: Node, entries: Mapping[str, Node]) -> tuple[Then, ...]:
    if ("then" in entries) is ("sequence" in entries):
        both = "both 'then' and 'sequence': one of them" if "then" in entries else "'then', a list of steps"
        node.wrong(f"{node.label} {'has' if 'then' in entries else 'needs'} {both}")
    if "then" in entries:
        if "at_end" in entries:
            entries["at_end"].wrong(f"{entries['at_end'].label} needs 'sequence'")
        return (read_then(entries["then"]),)
    return tuple(read_then(entry) for entry in entries["sequence"].list("lists of steps"))


def _unnamed(node: Node, *, run_time: bool) -> str:
    """What a fixture without a name is called: its place in a file, else by what it says."""
    if node.line is not None and not run_time:
        return node.place
    told = hashlib.blake2b(json.dumps(node.plain(), sort_keys=True).encode(), digest_size=4).hexdigest()
    return f"unnamed {told}"


def _name(node: Node) -> str:
    """One line: a name or a place."""
    name = node.filled()
    if not name.isprintable():
        node.wrong(f"{node.label} must be one line of printable text, not {node.kind}")
    return name


def _pace(node: Node, thens: tuple[Then, ...]) -> Pace:
    entries = node.mapping(("chunk", "first", "every"))
    return Pace(
        chunk=_chunk(entries["chunk"], thens) if "chunk" in entries else "token",
        first=entries["first"].seconds() if "first" in entries else 0.0,
        every=entries["every"].seconds() if "every" in entries else 0.0,
    )


def _chunk(node: Node, thens: tuple[Then, ...]) -> str | int | tuple[str, ...]:
    if isinstance(node.value, list):
        pieces = tuple(entry.filled() for entry in node.list("texts"))
        if not any("".join(pieces) in _texts(step) for then in thens for step in then.steps):
            node.wrong(f"{node.label} must make up a text of the fixture when joined (and one without a template)")
        return pieces
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.integer(1)
    if node.value not in CHUNKS:
        one_of = f"{', '.join(CHUNKS)}, a number or a list of texts"
        node.wrong(f"{node.label} must be {one_of}, not {node.kind}")
    return node.text()


def _texts(step: Step | Draft) -> tuple[str, ...]:
    match step:
        case Message() | Refusal():
            return (step.text,)
        case FunctionCall():
            return (step.arguments,)
        case Reasoning():
            return step.summary
        case _:
            return (str(getattr(step, "input", "")),)


def _progress(node: Node) -> Progress:
    if node.value == "manual":
        return Progress(manual=True)
    entries = node.mapping(("queued", "polls"))
    if len(entries) != 1:
        node.wrong(f"{node.label} needs either 'queued' or 'polls'")
    if "polls" in entries:
        return Progress(polls=entries["polls"].integer(1))
    return Progress(polls=None, queued=entries["queued"].seconds())


def _usage(node: Node) -> dict[str, int]:
    entries = node.mapping(tuple(USAGE))
    if not entries:
        node.wrong(f"{node.label} must not be empty")
    return {USAGE[key]: entry.integer(0) for key, entry in entries.items()}
