"""Files of fixtures, YAML 1.2 or JSON, to nodes with their lines; it knows no key of a fixture."""

import json
import math
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.fixture import Fixture, FixtureError, from_dict, from_nodes
from emulator.script.hosted import FORMS, form
from emulator.script.node import DEPTH, FilePlace, Node, below, leaf, quoted
from emulator.script.served import LARGEST, is_served

SUFFIXES = (".yaml", ".yml", ".json")
LIMIT = 1_000_000
ADDED = "added at run time"

# What YAML must escape.
CONTROL = lazy_pattern("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
JSON_TOKEN = lazy_pattern(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+|\n')
CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = lazy_pattern(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
NUMBER = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def load_fixtures(path: Path) -> tuple[Fixture, ...]:
    """All fixtures of a file, or of the files of a directory in order of their names.

    Raises FixtureError at the first thing that is wrong: `fixtures/x.yaml:12: ...`.
    """
    return tuple(checked(fixture for file in files_of(path) for fixture in from_nodes(read_entries(file))))


def checked(fixtures: Iterable[Fixture]) -> Iterator[Fixture]:
    """The same fixtures; raises FixtureError at a name that comes twice."""
    names: dict[str, str] = {}
    for fixture in fixtures:
        if fixture.name in names:
            where = names[fixture.name]
            raise FixtureError(f"{fixture.where}: the name {quoted(fixture.name)} is taken, see {where}")
        names[fixture.name] = fixture.where
        yield fixture


def sources(path: Path) -> list[dict[str, Any]]:
    """The fixtures of a file or directory as plain data, each with its name; raises FixtureError."""
    return [{**_complete(fixture), "where": fixture.where} for fixture in load_fixtures(path)]


def plain(fixture: Fixture) -> dict[str, Any]:
    """A fixture as it was written, with its name."""
    return {"name": fixture.name, **(fixture.source.plain() if fixture.source else {})}


def _complete(fixture: Fixture) -> dict[str, Any]:
    """A fixture as it was written, with the files that it names put into it."""
    data: dict[str, Any] = plain(fixture)
    entries = fixture.source.value if fixture.source else {}
    if "then" in entries:
        data["then"] = _steps(entries["then"])
    elif "sequence" in entries:
        data["sequence"] = [_steps(turn) for turn in entries["sequence"].value]
    return data


def _steps(turn: Node) -> list[dict[str, Any]]:
    return [{kind: _carried(kind, said) for kind, said in step.value.items()} for step in turn.value]


def _carried(kind: str, said: Node) -> Any:
    module = form(kind) if kind in FORMS else None
    return module.carried(said) if module and hasattr(module, "carried") else said.plain()


@lru_cache(maxsize=10_000)
def from_source(source: bytes) -> Fixture:
    """A fixture that was added at run time, read back; the same bytes are read once."""
    return from_dict(json.loads(source), ADDED, run_time=True)


def read_entries(path: Path) -> Node:
    """The nodes of one file, with the bytes of the files that its URLs name; raises FixtureError.

    Such a file lies in the folder of the file of fixtures, or below it: what is elsewhere is not read.
    """
    node = read_file(path)
    entries = node.value if isinstance(node.value, list) else [node]
    for entry in entries:
        if is_served(entry) and "file" in entry.value:
            entry.value["base64"] = _beside(entry.value.pop("file"), path.parent)
    return node


def _beside(node: Node, folder: Path) -> Node:
    named = node.filled()
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        node.wrong(f"{node.label} must lie in the folder of the file of fixtures, not at {quoted(named)}")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        node.wrong(f"{node.label}: {quoted(named)} cannot be read: {error.strerror}")
    except ValueError:
        node.wrong(f"{node.label} is no path: {quoted(named)}")
    if len(data) > LARGEST:
        node.wrong(f"{node.label}: {quoted(named)} is larger than {LARGEST} bytes")
    return Node(b64encode(data).decode(), node.where, node.line, node.path)


def read_file(path: Path) -> Node:
    """The nodes of one file; raises FixtureError for what is not safe YAML or JSON in UTF-8."""
    if path.suffix.lower() not in SUFFIXES:
        raise FixtureError(f"{path}: a file of fixtures ends in {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            raw = file.read(LIMIT + 1)
    except OSError as error:
        raise FixtureError(f"{path}: cannot be read: {error.strerror}") from None
    return read_bytes(raw, FilePlace(path), json_=path.suffix.lower() == ".json")


def read_bytes(raw: bytes, where: str, *, json_: bool, limit: int = LIMIT) -> Node:
    """The nodes of one file's bytes, JSON or YAML; raises FixtureError, which names `where`."""
    if len(raw) > limit:
        raise FixtureError(f"{where}: larger than {limit} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FixtureError(f"{where}:{line}: not UTF-8") from None
    return compose((_json_marks if json_ else _yaml_marks)(text, where), where)


def files_of(path: Path) -> list[Path]:
    """The files of a directory in order of their names; a file is its own."""
    if not path.is_dir():
        return [path]
    found = (file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    return sorted((file for file in found if not file.name.startswith(".")), key=lambda file: file.name)


class Mark(NamedTuple):
    """One token of a file: `kind` is a bracket or `scalar`, `text` is a scalar as written (for keys)."""

    kind: str
    line: int
    value: str | float | bool | None = None
    text: str = ""


def compose(marks: Iterator[Mark], where: str) -> Node:
    """Nodes of a file's tokens; refuses a key twice, a key that is no scalar, and too deep nesting."""
    first = next(marks, None)
    if first is None:
        return Node(None, where)
    node = _node(marks, first, Node(None, where, first.line), 0)
    extra = next(marks, None)
    if extra:
        raise FixtureError(f"{where}:{extra.line}: one document a file is accepted")
    return node


def _node(marks: Iterator[Mark], mark: Mark, at: Node, depth: int) -> Node:
    if mark.kind == "scalar":
        return leaf(mark.value, at.where, at.line, at.path)
    if depth >= DEPTH:
        raise FixtureError(f"{at.where}:{mark.line}: nested deeper than {DEPTH} levels")
    read = _mapping if mark.kind == "{" else _list
    return Node(read(marks, at, depth + 1), at.where, at.line, at.path)


def _mapping(marks: Iterator[Mark], at: Node, depth: int) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    while (key := next(marks)).kind != "}":
        if key.kind != "scalar":
            raise FixtureError(
                f"{at.where}:{key.line}: a key must be text; put text that holds braces or brackets in quotes"
            )
        here = Node(None, at.where, key.line, below(at.path, key.text))
        if key.text in entries:
            here.wrong(f"{here.path} is here twice, first in line {entries[key.text].line}")
        entries[key.text] = _node(marks, next(marks), here, depth)
    return entries


def _list(marks: Iterator[Mark], at: Node, depth: int) -> list[Node]:
    nodes: list[Node] = []
    while (mark := next(marks)).kind != "]":
        # The paths of a list of fixtures begin anew with each of them.
        path = below(at.path, len(nodes)) if depth > 1 else ""
        nodes.append(_node(marks, mark, Node(None, at.where, mark.line, path), depth))
    return nodes


def _yaml_marks(text: str, where: str) -> Iterator[Mark]:
    import yaml

    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise FixtureError(f"{where}:{line}: not YAML: the character {control[0]!r} must be escaped")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            mark = _yaml_mark(event, where)
            if mark:
                yield mark
    except yaml.MarkedYAMLError as error:
        # What ends too early is reported one line past the end.
        seen = error.problem_mark.line if error.problem_mark else 0
        line = min(seen, len(text.splitlines()) - 1) + 1
        raise FixtureError(f"{where}:{line}: not YAML: {' '.join(str(error.problem).split())}") from None


BRACKETS = {
    "MappingStartEvent": "{",
    "MappingEndEvent": "}",
    "SequenceStartEvent": "[",
    "SequenceEndEvent": "]",
}


def _yaml_mark(event: Any, where: str) -> Mark | None:
    line = event.start_mark.line + 1
    if getattr(event, "anchor", None) is not None:
        raise FixtureError(f"{where}:{line}: anchors and aliases are not accepted; quote text that begins with & or *")
    if getattr(event, "tag", None) is not None:
        raise FixtureError(f"{where}:{line}: tags are not accepted; quote text that begins with !")
    name = type(event).__name__
    if name == "ScalarEvent":
        plain = event.implicit[0]
        return Mark("scalar", line, _resolve(event.value) if plain else event.value, event.value)
    return Mark(BRACKETS[name], line) if name in BRACKETS else None


def _resolve(text: str) -> str | float | bool | None:
    """A plain scalar as YAML 1.2's core schema has it; numbers that JSON cannot write stay text."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _json_marks(text: str, where: str) -> Iterator[Mark]:
    if not text.strip():
        return
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = str(error).partition(": line ")[0]
        raise FixtureError(f"{where}:{error.lineno}: not JSON: {problem}") from None
    line = 1
    for piece in JSON_TOKEN.findall(text):
        if piece.isspace():
            line += 1
        elif piece in "[]{}":
            yield Mark(piece, line)
        else:
            value = json.loads(piece)
            yield Mark("scalar", line, value, str(value))
