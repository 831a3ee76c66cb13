"""The tables of docs/coverage.md from the rows in docs/coverage/; it knows nothing that is not in a row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "coverage"
STATUSES = (
    "exact",
    "partial",
    "accepted and ignored",
    "not built (501)",
    "not built (404)",
    "not built",
)
EVIDENCE = ("S", "O", "D", "C", "T", "?", "own")
Row = dict[str, Any]

# Every table of coverage rows: its name, the file and key of its rows, and what it is called in the summary.
TABLES: dict[str, tuple[str, str, str]] = {
    "paths": ("endpoints", "paths", "base URLs"),
    "endpoints": ("endpoints", "endpoints", "endpoints"),
    "control": ("endpoints", "control", "the emulator's own endpoints"),
    "more": ("endpoints", "more", "what comes unasked"),
    "create": ("parameters", "create", "fields of `POST /responses`"),
    "nested": ("parameters", "nested", "fields of its objects"),
    "include": ("parameters", "include", "values of `include`"),
    "query": ("parameters", "query", "query parameters and form fields"),
    "fields": ("response", "fields", "fields of the Response"),
    "absent fields": ("response", "absent", "fields that are not sent"),
    "input": ("items", "input", "input items"),
    "output": ("items", "output", "output items"),
    "parts": ("items", "parts", "content parts"),
    "annotations": ("items", "annotations", "annotations"),
    "tools": ("tools", "tools", "tools"),
    "events": ("events", "events", "events"),
    "framing": ("events", "framing", "how events are sent"),
    "errors": ("errors", "errors", "errors"),
    "request headers": ("headers", "request", "request headers"),
    "response headers": ("headers", "response", "response headers"),
}


@cache
def _file(name: str) -> dict[str, list[Row]]:
    data: dict[str, list[Row]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return data


def rows(table: str) -> list[Row]:
    """The rows of one table of `TABLES`, or of `uncertain`."""
    if table == "uncertain":
        return _file("uncertain")["choices"]
    file, key, _ = TABLES[table]
    return _file(file)[key]


def statuses(row: Row) -> list[str]:
    """The status of a row; an endpoint has one in each dialect."""
    return [row["status"]] if "status" in row else [row["azure"], row["openai"]]


def part(name: str) -> str:
    """One generated part of docs/coverage.md."""
    makers = {"summary": _summary, "uncertain": _uncertain, "clients": _clients, "oracle": _oracle}
    if name in makers:
        return makers[name]()
    if name in ("endpoints", "control"):
        return _endpoints(rows(name))
    cells: list[tuple[str, ...]]
    if name == "query":
        cells = [(f"`{row['name']}`", row["of"], *_facts(row)) for row in rows(name)]
        return table(("parameter", "of", "status", "evidence", "note", "shown by"), cells)
    if name == "response headers":
        cells = [(_code(row["name"]), _dialects(row), *_facts(row)) for row in rows(name)]
        return table(("header", "dialect", "status", "evidence", "note", "shown by"), cells)
    cells = [(_code(row["name"]), *_facts(row)) for row in rows(name)]
    return table(("", "status", "evidence", "note", "shown by"), cells)


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    return "\n".join([_line(head), "|" + "---|" * len(head), *map(_line, body)])


def _line(cells: Sequence[object]) -> str:
    texts = [str(cell).replace("|", "\\|") for cell in cells]
    return "|" + "|".join(f" {text} " if text else " " for text in texts) + "|"


def _facts(row: Row) -> tuple[str, str, str, str]:
    note: str = row["note"] if "note" in row else row["meaning"]
    return row["status"], row["evidence"], note, _test(row)


def _test(row: Row) -> str:
    path = row.get("test")
    return f"[{path.removeprefix('tests/')}](../{path})" if path else ""


def _code(name: str) -> str:
    plain = "`" in name or (" " in name and ":" not in name and "," not in name)
    return name if plain else f"`{name}`"


def _dialects(row: Row) -> str:
    named = [name for name in ("azure", "openai") if row[name]]
    return {2: "both", 1: named[0] if named else "", 0: ""}[len(named)]


def _endpoints(found: list[Row]) -> str:
    body = []
    for row in found:
        place = f"`{row['method']} {row['path'].replace('{model:path}', '{model}')}`"
        body.append((place, *statuses(row), row["evidence"], row["note"], _test(row)))
    head = ("Azure", "OpenAI") if "azure" in found[0] else ("status",)
    return table(("endpoint", *head, "evidence", "note", "shown by"), body)


def _summary() -> str:
    body = []
    for name, (_, _, title) in TABLES.items():
        if name.startswith("absent"):
            continue
        counts = Counter(status.partition(" (")[0] for row in rows(name) for status in statuses(row)[:1])
        body.append((title, *(counts[status] or "" for status in (*STATUSES[:3], "not built"))))
    return table(("", *STATUSES[:3], "not built"), body)


def _oracle() -> str:
    """What Microsoft's own server answers otherwise, by reasons; each with the first example."""
    body = []
    for row in _file("oracle_found")["found"]:
        facts, seen = row["facts"], row["example"]
        shown = ", ".join(f"`{fact}`" for fact in facts[:4]) + (f" and {len(facts) - 4} more" if len(facts) > 4 else "")
        example = f"{seen['request']}: `{seen['theirs']}`, here `{seen['ours']}`"
        body.append((shown, str(row["requests"]), example, row["reason"], row["evidence"]))
    return table(("what", "requests", "for example", "why", "evidence"), body)


def _clients() -> str:
    """The matrix of clients and scenarios: how many tests of each passed."""
    core = ("text", "stream", "tools", "structured", "chaining")
    body = []
    for row in _file("clients")["clients"]:
        packages = ", ".join(f"{name} {version}" for name, version in row["packages"].items())
        more = ", ".join(f"{name} {count}" for name, count in row["passed"].items() if name not in core)
        cells = [row["passed"].get(name, "") for name in core]
        body.append((row["name"], row["language"], packages, *cells, more, row["note"]))
    return table(("client", "language", "packages", *core, "more", "note"), body)


def _uncertain() -> str:
    cells = []
    for row in rows("uncertain"):
        switch = row.get("switch")
        flag = f"[`--{switch.replace('_', '-')}`](reference/settings.md)" if switch else ""
        cells.append((row["question"], row["choice"], row["evidence"], row["other"], flag))
    return table(("question", "what is done here", "evidence", "what speaks against it", "setting"), cells)
