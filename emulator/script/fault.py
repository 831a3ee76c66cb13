"""A fault as data: what it strikes, how often and where, read from JSON or a header; it strikes nothing itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from emulator.core.records import dataclass
from emulator.script.fault_kinds import ANY, INCIDENTS, KINDS, METHODS, PLACES, Kind, Match, Sight
from emulator.script.node import FixtureError, Node, node_of

WHEN = ("id", "match", "times", "after", "probability")
_SCALE = 2**64


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `kind` is a key of `KINDS`, `args` are its own. Of the three places at most one is set.

    It strikes the matching requests after the first `after`, so many `times` (None: for ever); with a `probability`
    each of those is drawn for. `source` is the fault as it was given.
    """

    kind: str
    id: str = ""
    match: Match = ANY
    times: int | None = None
    after: int = 0
    probability: float | None = None
    at_event: int | None = None
    before: str | None = None
    after_bytes: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def traits(self) -> Kind:
        """The row of its kind."""
        return KINDS[self.kind]

    @property
    def placed(self) -> bool:
        """Whether it says where in the answer it strikes."""
        return not (self.at_event is None and self.before is None and self.after_bytes is None)

    def applies(self, sight: Sight) -> bool:
        """Whether the request is one that it may strike."""
        kind = self.traits
        return self.match.holds(sight) and kind.match.holds(sight) and kind.fits(sight)

    def strikes(self, number: int, seed: str) -> bool:
        """Whether it strikes the matching request with that number, counted from 1; the same each time."""
        if number <= self.after or (self.times is not None and number > self.after + self.times):
            return False
        return self.probability is None or _draw(f"{seed}|{self.id}|{number}") < self.probability


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / _SCALE


def read_fault(data: Any, where: str = "the fault") -> Fault:
    """Read a fault from plain data or a Node; raises FixtureError, which says what is wrong in one line."""
    node = data if isinstance(data, Node) else node_of(data, where, "fault")
    name, kind = _kind(node)
    entries = node.mapping(("kind", "incident", *kind.args, *kind.places, *WHEN))
    for needed in kind.needed:
        if needed not in entries:
            node.wrong(f"{node.label} needs {needed!r}")
    if sum(place in entries for place in kind.places) > 1:
        node.wrong(f"{node.label} has one place at most: {', '.join(kind.places)}")
    return Fault(
        kind=name,
        id=_id(entries["id"]) if "id" in entries else "",
        match=_match(entries["match"]) if "match" in entries else ANY,
        times=entries["times"].integer(1) if "times" in entries else kind.times,
        after=entries["after"].integer(0) if "after" in entries else 0,
        probability=_probability(entries["probability"]) if "probability" in entries else None,
        at_event=entries["at_event"].integer(0) if "at_event" in entries else None,
        before=entries["before"].filled() if "before" in entries else None,
        after_bytes=entries["after_bytes"].integer(0) if "after_bytes" in entries else None,
        args={key: read(entries[key]) for key, read in kind.args.items() if key in entries},
        source=node.plain(),
    )


def named(fault: Fault, fault_id: str) -> Fault:
    """The fault under that id."""
    return replace(fault, id=fault_id, source={**fault.source, "id": fault_id})


def _kind(node: Node) -> tuple[str, Kind]:
    given = {key: value for key, value in node.any_mapping().items() if key in ("kind", "incident")}
    if len(given) != 1:
        node.wrong(f"{node.label} needs 'kind' or 'incident', one of them")
    key, value = next(iter(given.items()))
    name = value.one_of(KINDS if key == "kind" else INCIDENTS)
    return name, KINDS[name]


def _id(node: Node) -> str:
    text = node.filled()
    if len(text) > 64 or not text.replace("_", "").replace("-", "").replace(".", "").isalnum():
        node.wrong(f"{node.label} has at most 64 letters, digits, dots, dashes and underscores, not {node.kind}")
    return text


def _match(node: Node) -> Match:
    entries = node.mapping(("method", "path", "model", "stream"))
    return Match(
        method=entries["method"].one_of(METHODS) if "method" in entries else None,
        path=entries["path"].filled() if "path" in entries else None,
        model=entries["model"].filled() if "model" in entries else None,
        stream=entries["stream"].flag() if "stream" in entries else None,
    )


def _probability(node: Node) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        node.wrong(f"{node.label} must be above 0 and at most 1, not {node.kind}")
    return float(value)


def read_header(text: str) -> Fault:
    """One request's own fault: `reset; at_event=5`, `status=503; retry_after=2`, an incident's name, or JSON.

    Raises FixtureError.
    """
    where = "X-Emulator-Fault"
    data = _json(text, where) if text.lstrip().startswith("{") else _words(text, where)
    for key in WHEN:
        if key in data:
            raise FixtureError(f"{where}: {key!r} is for POST /_emulator/faults: a header strikes its own request")
    return read_fault(data, where)


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FixtureError(f"{where}: not JSON: {error}") from None
    return dict(data)


def _words(text: str, where: str) -> dict[str, Any]:
    first, *more = (part.strip() for part in text.split(";"))
    kind = first.partition("=")[0].strip()
    data: dict[str, Any] = {"kind": kind}
    for part in (first, *more) if "=" in first else more:
        key, found, value = part.partition("=")
        if not found:
            raise FixtureError(f"{where}: {part!r} must be NAME=VALUE; several are parted by semicolons")
        data[key.strip()] = _scalar(value.strip())
    return data


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list) else value


__all__ = ["INCIDENTS", "KINDS", "PLACES", "Fault", "Match", "Sight", "named", "read_fault", "read_header"]
