"""A fixture's data with the place of every value, which errors name; it knows no key and reads no file."""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass

DEPTH = 50
LARGEST = 10**15
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = lazy_pattern(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")


class FixtureError(Exception):
    """A fixture that cannot be used: one line with file, line and key (docs/reference/fixtures.md)."""


class FilePlace(str):
    """Where a value stands that was read from a file of this machine: only such a value may name files beside it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One value: a scalar, a list of nodes or a mapping of text to nodes.

    `where` names the file or the request, `line` is that of the value's key (None: not from a file), `path`
    is the way to it inside its fixture, such as `when.input`.
    """

    value: Any
    where: str
    line: int | None = None
    path: str = ""

    @property
    def place(self) -> str:
        """Where the value stands: `file:line`, or the name of its source."""
        return self.where if self.line is None else f"{self.where}:{self.line}"

    @property
    def label(self) -> str:
        """What the value is called in a message."""
        return self.path or "a fixture"

    @property
    def kind(self) -> str:
        """What the value is, in words."""
        value = self.value
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return f"the number {value}"
        if isinstance(value, str):
            return f"the text {quoted(value)}"
        return "a list" if isinstance(value, list) else "a mapping"

    def wrong(self, says: str) -> NoReturn:
        """Refuse the value: raises FixtureError with the place and one sentence."""
        raise FixtureError(f"{self.place}: {says}")

    def mapping(self, known: Collection[str]) -> dict[str, "Node"]:
        """The value as a mapping that has no key but those `known`."""
        entries = self.any_mapping()
        for key, node in entries.items():
            if key not in known:
                node.wrong(f"unknown key {quoted(key)} in {self.label}; {nearest(key, known, 'the keys are')}")
        return entries

    def any_mapping(self) -> dict[str, "Node"]:
        """The value as a mapping with any keys."""
        if not isinstance(self.value, dict):
            self.wrong(f"{self.label} must be a mapping, not {self.kind}")
        return self.value

    def list(self, what: str) -> list["Node"]:
        """The value as a list with at least one entry; `what` says of what."""
        if not isinstance(self.value, list):
            self.wrong(f"{self.label} must be a list of {what}, not {self.kind}")
        if not self.value:
            self.wrong(f"{self.label} must be a list of {what}, not an empty list")
        return self.value

    def text(self) -> str:
        """The value as text, which may be empty."""
        if not isinstance(self.value, str):
            hint = "; put it in quotes" if isinstance(self.value, bool | int | float) else ""
            self.wrong(f"{self.label} must be text, not {self.kind}{hint}")
        return self.value

    def filled(self) -> str:
        """The value as text that is not empty."""
        if not self.text():
            self.wrong(f"{self.label} must not be empty")
        return self.text()

    def flag(self) -> bool:
        """The value as true or false."""
        if not isinstance(self.value, bool):
            self.wrong(f"{self.label} must be true or false, not {self.kind}")
        return self.value

    def integer(self, least: int | None = None) -> int:
        """The value as a whole number, at least `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.wrong(f"{self.label} must be a whole number, not {self.kind}")
        if least is not None and self.value < least:
            self.wrong(f"{self.label} must be at least {least}, not {self.value}")
        if abs(self.value) > LARGEST:
            self.wrong(f"{self.label} is too large")
        return self.value

    def one_of(self, choices: Collection[str]) -> str:
        """The value as one of `choices`."""
        if self.value not in tuple(choices):
            self.wrong(f"{self.label} must be one of {', '.join(choices)}, not {self.kind}")
        return str(self.value)

    def seconds(self) -> float:
        """The value as a duration such as 300ms, in seconds."""
        match = DURATION.fullmatch(self.value) if isinstance(self.value, str) else None
        if not match:
            self.wrong(f"{self.label} must be a duration such as 300ms, 1.5s, 2m, 1h or 31d, not {self.kind}")
        return round(float(match[1]) * UNITS[match[2]], 9)

    def texts(self, what: str) -> tuple[str, ...]:
        """The value as one text or a list of them, none empty."""
        entries = self.list(what) if isinstance(self.value, list) else [self]
        return tuple(entry.filled() for entry in entries)

    def plain(self) -> Any:
        """The value without places, as JSON has it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def quoted(text: str) -> str:
    """Text as a message shows it: on one line and of bounded length."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def leaf(value: str | float | bool | None, where: str, line: int | None, path: str) -> Node:
    """A node of a scalar; text must be whole characters, because it leaves the server as UTF-8."""
    node = Node(value, where, line, path)
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        node.wrong(f"{node.label} holds half of a surrogate pair")
    return node


def below(path: str, key: str | int) -> str:
    """The path of an entry, given the path of its list or mapping."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    shown = key if key.isprintable() and len(key) <= 60 else quoted(key)
    return f"{path}.{shown}" if path else shown


def node_of(data: Any, where: str, path: str = "", depth: int = 0) -> Node:
    """Nodes of plain data (dicts, lists, scalars), which know no lines."""
    here = Node(data, where, None, path)
    if depth >= DEPTH and isinstance(data, Mapping | list | tuple):
        here.wrong(f"nested deeper than {DEPTH} levels")
    if isinstance(data, Mapping):
        for key in data:
            if not isinstance(key, str):
                here.wrong(f"a key of {here.label} must be text, not {Node(key, where).kind}")
        entries = {key: node_of(value, where, below(path, key), depth + 1) for key, value in data.items()}
        return Node(entries, where, None, path)
    if isinstance(data, list | tuple):
        nodes = [node_of(value, where, below(path, at), depth + 1) for at, value in enumerate(data)]
        return Node(nodes, where, None, path)
    if data is not None and not isinstance(data, str | int | float):
        here.wrong(f"{here.label} must be JSON data, not a Python {type(data).__name__}")
    return leaf(data, where, None, path)


def nearest(key: str, known: Collection[str], otherwise: str) -> str:
    """`did you mean X?`, or all that there are where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.55)
    return f"did you mean {near[0]!r}?" if near else f"{otherwise} {', '.join(known)}"
