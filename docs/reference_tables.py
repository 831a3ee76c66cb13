"""The tables of the reference pages, read out of the code itself; it describes nothing that the code does not have."""

import json

import click

from docs.coverage_tables import rows, table
from emulator.cli import COMMANDS, commands
from emulator.core.deployments import find
from emulator.core.dialect_table import Value, differences
from emulator.core.dialects import AZURE, DIALECTS
from emulator.core.errors import ERRORS, ErrorRow
from emulator.core.file_types import FILE_TYPES
from emulator.core.item_types import ITEM_TYPES
from emulator.core.requests import CreateRequest, parse_create
from emulator.core.response import new_response
from emulator.settings import TABLE, Setting

MADE = {"id", "created_at", "model"}  # these differ from response to response
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def part(name: str) -> str:
    """One generated table of a reference page."""
    return {
        "settings": _settings,
        "commands": _commands,
        "errors": _errors,
        "errors in azure": _errors_in_azure,
        "response": _response,
        "items": _items,
        "requests": _requests,
        "dialects": _dialects,
        "file types": _file_types,
    }[name]()


def _settings() -> str:
    head = ("flag", "variable", "file key", "default", "what it does")
    body = [
        (_flag(setting), f"`{setting.variable}`", f"`{setting.name}`", _default(setting), setting.help)
        for setting in TABLE.values()
    ]
    return table(head, body)


def _flag(setting: Setting) -> str:
    flag = f"`{setting.flag}`"
    return f"{flag}, `--no-{setting.flag[2:]}`" if isinstance(setting.default, bool) else flag


def _default(setting: Setting) -> str:
    default = setting.default
    if default is None or default == ():
        return "not set"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        size, unit = next(((size, unit) for size, unit in UNITS if default and default % size == 0), (1, "s"))
        return f"`{default / size:g}{unit}`"
    return f"`{default}`"


def _commands() -> str:
    body = []
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None  # noqa: S101 (a name of the list)
        own = [option for option in command.params if option.name not in TABLE and isinstance(option, click.Option)]
        takes = "every setting, and " if any(option.name in TABLE for option in command.params) else ""
        options = ", ".join(f"`{option.opts[0]}`" for option in own)
        body.append((f"`{name}`", (command.help or "").split("\n")[0], takes + options))
    return table(("command", "what it does", "options"), body)


def _errors() -> str:
    notes = {row["name"]: row for row in rows("errors")}
    body = []
    for name, row in ERRORS.items():
        known = notes.get(name, {"status": "", "note": ""})  # a test names the row that is missing
        note = ("Never sent today. " if known["status"] == "not built" else "") + known["note"]
        body.append((f'<a id="{name}"></a>`{name}`', row.status, _text(row.code), _message(row), note))
    return table(("name", "status", "code", "message", "when"), body)


def _errors_in_azure() -> str:
    body = [(f"`{name}`", row.status, _text(row.code), _message(row)) for name, row in AZURE.errors.items()]
    return table(("name", "status", "code", "message"), body)


def _text(value: str | None) -> str:
    return "null" if value is None else f"`{value}`"


def _message(row: ErrorRow) -> str:
    return row.message.replace("<", "&lt;").replace("*", "\\*")


def _response() -> str:
    request = parse_create(b'{"model": "gpt-4o", "input": "Hi"}')
    fresh = new_response(request, find("gpt-4o"), AZURE, response_id="resp_", created_at=0)
    body = []
    for row in rows("fields"):
        name = row["name"]
        default = "" if name in MADE else "not there" if name not in fresh else f"`{json.dumps(fresh[name])}`"
        body.append((f"`{name}`", default, row["meaning"]))
    return table(("field", "where nothing is asked for", "meaning"), body)


def _items() -> str:
    body = []
    for kind, row in ITEM_TYPES.items():
        prefix = f"`{row.prefix}`" if kind != "item_reference" else ""
        accepts = "any" if row.accepts is None else f"`{row.accepts}...`"
        required, optional = (", ".join(f"`{name}`" for name in names) for names in (row.required, row.optional))
        body.append((f"`{kind}`", prefix, accepts, required, optional))
    return table(("type", "new ids", "accepted ids", "needs", "may have"), body)


def _requests() -> str:
    request = parse_create(b'{"model": "gpt-4o", "input": "Hi"}')
    body = []
    for row in rows("create"):
        name = row["name"]
        known = name in CreateRequest.__slots__ and name not in ("model", "input")
        value = getattr(request, name) if known else None
        default = "" if value is None else f"`{json.dumps(value)}`"
        body.append((f"`{name}`" if " " not in name else name, default, row["note"]))
    return table(("field", "where it is left out", "what it does"), body)


def _file_types() -> str:
    return table(("extension", "media type"), [(f"`{ending}`", f"`{kind}`") for ending, kind in FILE_TYPES.items()])


def _dialects() -> str:
    body = [(row.what, *map(_value, row.values)) for row in differences()]
    return table(("", *(dialect.name for dialect in DIALECTS)), body)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    values = [value] if isinstance(value, str) else value
    return ", ".join(one if one == "none" or "UUID" in one else f"`{one}`" for one in values) or "none"
