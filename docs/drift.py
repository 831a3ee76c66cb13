"""What the installed `openai` package knows of the API and the emulator does not, or the other way; it judges nothing.

    python docs/drift.py           list the differences; exit 1 where one has no reason in docs/coverage/drift.yaml

`make drift` does it with the newest package there is. A difference is a group, a name, and who alone knows it.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import yaml

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":  # it runs by its path, whether the emulator is installed or not
    sys.path.insert(0, str(ROOT))

from docs import coverage_tables  # noqa: E402

REASONS = ROOT / "docs" / "coverage" / "drift.yaml"
SIDES = ("openai", "emulator")
Names = Mapping[str, frozenset[str]]
# Endpoint -> the package's type of its parameters; those that are not said otherwise anywhere in the docs.
PARAMETERS = {
    "GET /responses/{id}": "responses.ResponseRetrieveParams",
    "GET /responses/{id}/input_items": "responses.InputItemListParams",
    "GET /files": "FileListParams",
    "POST /files": "FileCreateParams",
    "POST /uploads": "UploadCreateParams",
    "POST /uploads/{id}/parts": "uploads.PartCreateParams",
    "POST /uploads/{id}/complete": "UploadCompleteParams",
    "GET /containers": "ContainerListParams",
    "POST /containers": "ContainerCreateParams",
    "POST /containers/{id}/files": "containers.FileCreateParams",
    "POST /vector_stores": "VectorStoreCreateParams",
    "POST /vector_stores/{id}/search": "VectorStoreSearchParams",
    "POST /vector_stores/{id}/files": "vector_stores.FileCreateParams",
}
RESOURCES = (
    "responses.responses.Responses",
    "responses.input_items.InputItems",
    "responses.input_tokens.InputTokens",
    "files.Files",
    "uploads.uploads.Uploads",
    "uploads.parts.Parts",
    "containers.containers.Containers",
    "containers.files.files.Files",
    "containers.files.content.Content",
    "conversations.conversations.Conversations",
    "conversations.items.Items",
    "vector_stores.vector_stores.VectorStores",
    "vector_stores.files.Files",
    "vector_stores.file_batches.FileBatches",
    "models.Models",
)
_CALL = re.compile(r'self\._(get|post|delete|get_api_list)\(\s*(?:path_template\(\s*)?f?"(/[^"]*)"')
# Lists that the package asks for with a body.
_POSTED = frozenset({"/vector_stores/{}/search"})


class Difference(NamedTuple):
    """One name of a group that one side knows alone: `openai` or `emulator`."""

    group: str
    name: str
    side: str


def official() -> Names:
    """What the installed package knows, by group."""
    from openai.types import responses
    from openai.types.responses import response_create_params as create

    from emulator.core.item_types import ANYWHERE

    anywhere = frozenset(ANYWHERE)
    text = _fields(responses.ResponseTextConfigParam)
    create_fields = _fields(create.ResponseCreateParamsBase) | {"stream"}
    return {
        "events": frozenset(name for name, _ in _members(responses.ResponseStreamEvent)),
        "input items": _typed(responses.ResponseInputItemParam, but=anywhere),
        "output items": _typed(responses.ResponseOutputItem, but=anywhere),
        "tools": _typed(responses.ToolParam),
        "tool choices": _typed(create.ToolChoice),
        "formats": _typed(responses.ResponseFormatTextConfigParam),
        "text": text,
        "include": frozenset(get_args(responses.ResponseIncludable)),
        "create": create_fields,
        "response": frozenset(responses.Response.model_fields) | {"frequency_penalty", "presence_penalty"},
        "endpoints": frozenset(_endpoints()),
        **{f"parameters of {place}": _fields(_named(name)) for place, name in PARAMETERS.items()},
    }


def ours() -> Names:
    """What the emulator knows, by the same groups: from its code, and from the coverage rows where those are tested."""
    from emulator.core import request_body, tool_choice, tool_params
    from emulator.core.item_types import ANYWHERE, ITEM_TYPES

    items = {kind: row.fields - frozenset(ANYWHERE) for kind, row in ITEM_TYPES.items()}
    return {
        "events": _rows("events"),
        "input items": _flat({kind: items[kind] for kind in _rows("input")}),
        "output items": _flat({kind: items.get(kind, frozenset()) for kind in _rows("output")}),
        "tools": _flat({kind: _wire(model) for kind, model in tool_params.TOOLS.items()}),
        "tool choices": _flat({kind: _wire(model) for kind, model in tool_choice.CHOICES.items()}),
        "formats": _flat({kind: _wire(model) for kind, model in request_body.FORMATS.items()}),
        "text": _wire(request_body.TextOptions),
        "include": _rows("include"),
        "create": _rows("create") - {"any other field"},
        "response": _rows("fields") | _rows("absent fields"),
        "endpoints": frozenset(_routes()),
        **{f"parameters of {place}": _queries(place) for place in PARAMETERS},
    }


def differences() -> list[Difference]:
    """Every difference, in the order of its group and name."""
    theirs, known = official(), ours()
    found = []
    for group, names in theirs.items():
        found += [Difference(group, name, "openai") for name in names - known[group]]
        found += [Difference(group, name, "emulator") for name in known[group] - names]
    return sorted(found)


@cache
def reasons() -> list[dict[str, str]]:
    """The rows of docs/coverage/drift.yaml: `group`, a pattern for the `name`, the `side`, and the `reason`."""
    rows: list[dict[str, str]] = yaml.safe_load(REASONS.read_text("utf-8"))["differences"]
    return rows


def reason_of(difference: Difference) -> str | None:
    """Why a difference is there, or None where nobody has said it."""
    for row in reasons():
        if _meant(row, difference):
            return row["reason"]
    return None


def stale(found: list[Difference]) -> list[dict[str, str]]:
    """The reasons for differences that are gone."""
    return [row for row in reasons() if not any(_meant(row, difference) for difference in found)]


def part() -> str:
    """The table of docs/coverage.md; names that one reason covers share a line."""
    found = differences()
    body = []
    for row in reasons():
        names = [f"`{one.name}`" for one in found if _meant(row, one)]
        if names:
            body.append((row["group"], ", ".join(names), row["side"], row["reason"]))
    return coverage_tables.table(("group", "names", "known to", "why"), body)


def _meant(row: Mapping[str, str], difference: Difference) -> bool:
    told = fnmatchcase(difference.name, row["name"]) and fnmatchcase(difference.group, row["group"])
    return told and row["side"] == difference.side


def _members(union: Any) -> Iterator[tuple[str, Any]]:
    """Each type of a union by the value of its `type`."""
    if get_origin(union) is not None and not isinstance(union, type):
        for inner in get_args(union):
            yield from _members(inner)
    elif isinstance(union, type) and union.__module__.startswith("openai."):
        for value in _literals(_hints(union).get("type")):
            yield value, union


def _literals(hint: Any) -> Iterator[str]:
    """The strings of a literal, however deep it stands in the hint."""
    for inner in get_args(hint):
        if isinstance(inner, str):
            yield inner
        elif get_args(inner):
            yield from _literals(inner)


def _typed(union: Any, but: frozenset[str] = frozenset()) -> frozenset[str]:
    """The types of a union, and their fields as `type.field`, `but` those."""
    known: dict[str, frozenset[str]] = {}
    for name, member in _members(union):
        known[name] = known.get(name, frozenset()) | _fields(member) - but
    return _flat(known)


def _flat(known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    fields = {f"{kind}.{name}" for kind, names in known.items() for name in names - {"type"}}
    return frozenset(known) | fields


def _hints(model: Any) -> dict[str, Any]:
    """The types of a model's fields or of parameters, by their Python names; of a union those of all its members."""
    if get_args(model):
        return {name: hint for member in get_args(model) for name, hint in _hints(member).items()}
    if hasattr(model, "model_fields"):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return get_type_hints(model, include_extras=True)


def _fields(model: Any) -> frozenset[str]:
    """The fields of a model or of parameters, as the wire names them."""
    if hasattr(model, "model_fields"):
        return frozenset(field.alias or name for name, field in model.model_fields.items())
    return frozenset(_alias(name, hint) for name, hint in _hints(model).items())


def _alias(name: str, hint: Any) -> str:
    """The wire's name of a parameter: the package keeps it in an annotation where Python has other plans for it."""
    for inner in (hint, *get_args(hint)):
        for more in getattr(inner, "__metadata__", ()):
            if alias := getattr(more, "alias", None):
                return str(alias)
    return name


def _wire(model: Any) -> frozenset[str]:
    from emulator.core.unknown import known

    return known(model)


def _named(path: str) -> Any:
    from importlib import import_module

    module, _, name = f"openai.types.{path}".rpartition(".")
    return getattr(import_module(module), name)


def _endpoints() -> Iterator[str]:
    from importlib import import_module

    for path in RESOURCES:
        module, _, name = f"openai.resources.{path}".rpartition(".")
        for method, place in _CALL.findall(inspect.getsource(getattr(import_module(module), name))):
            listed = "post" if re.sub("{[^}]*}", "{}", place) in _POSTED else "get"
            yield _endpoint(listed if method == "get_api_list" else method, place)


def _routes() -> Iterator[str]:
    from emulator.api.routes import ROUTES

    for method, path, _ in ROUTES:
        if not path.startswith("/_emulator"):
            yield _endpoint(method, path)


def _endpoint(method: str, path: str) -> str:
    return f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}"


def _rows(table: str) -> frozenset[str]:
    return frozenset(row["name"] for row in coverage_tables.rows(table))


def _queries(place: str) -> frozenset[str]:
    rows = coverage_tables.rows("query")
    return frozenset(row["name"].partition("[")[0] for row in rows if row["of"].removesuffix(" (form)") == place)


def main() -> int:
    """Print the differences; the exit status."""
    import openai

    found = differences()
    new = [one for one in found if reason_of(one) is None]
    for one in found:
        print(f"{'NEW ' if one in new else '    '}{one.group}: {one.name} (known to {one.side} alone)")
    for row in stale(found):
        print(f"GONE {row['group']}: {row['name']} (known to {row['side']} alone)")
    print(f"openai {openai.__version__}: {len(found)} differences, {len(new)} of them without a reason")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
