"""`responses-emulator dialects`: print how the dialects differ, from their own data; it starts nothing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from textwrap import wrap

import click

from emulator.cli.exits import OK
from emulator.cli.options import settings_options
from emulator.core.dialect_table import Value, differences, error_differences
from emulator.core.dialects import Dialect
from emulator.core.errors import ErrorRow
from emulator.core.readings import configured
from emulator.settings import load

WIDTHS = (32, 44, 44)
GAP = "  "


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@settings_options
def command(config: str | None, *, as_json: bool, **flags: str | bool | None) -> int:
    """Print how the Azure and the OpenAI dialect differ, as these settings have them."""
    dialects = tuple(configured(load(flags, config_path=config).settings).values())
    click.echo(json.dumps(_told(dialects), indent=2) if as_json else "\n".join(_lines(dialects)))
    return OK


def _told(dialects: Sequence[Dialect]) -> dict[str, object]:
    """Of each dialect by its name: what differs by field, and the errors that differ."""
    rows, errors = differences(dialects), error_differences(dialects)
    return {
        dialect.name: {
            **{row.field: row.values[at] for row in rows},
            "errors": {name: asdict(pair[at]) for name, pair in errors.items()},
        }
        for at, dialect in enumerate(dialects)
    }


def _lines(dialects: Sequence[Dialect]) -> Iterable[str]:
    names = [dialect.name for dialect in dialects]
    yield from _row("", *names)
    yield from _rule()
    for row in differences(dialects):
        yield from _row(row.what, *map(_text, row.values))
    yield ""
    yield from _row("errors", *names)
    yield from _rule()
    for name, pair in error_differences(dialects).items():
        yield from _row(name, *map(_error, pair))


def _rule() -> Iterable[str]:
    yield GAP.join("-" * width for width in WIDTHS)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return ("\n" if any(" " in one for one in value) else ", ").join(value) or "none"


def _error(row: ErrorRow) -> str:
    """Its status, type, code and message; the gateway's have no type, and a bare one has no code either."""
    kind = {"model": f", type {row.type}"}.get(row.envelope, "")
    code = "" if row.envelope == "bare" else f", code {row.code or 'null'}"
    return f"{row.status}{kind}{code}\n{row.message}"


def _row(*cells: str) -> Iterable[str]:
    columns = [
        [line for part in cell.split("\n") for line in wrap(part, width) or [""]]
        for cell, width in zip(cells, WIDTHS, strict=True)
    ]
    for at in range(max(map(len, columns))):
        texts = (column[at] if at < len(column) else "" for column in columns)
        yield GAP.join(f"{text:<{width}}" for text, width in zip(texts, WIDTHS, strict=True)).rstrip()
