"""The error rows of operations as answers of a description: statuses, envelopes and examples; it raises none."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from string import Formatter
from typing import Any

from emulator.api.openapi.shorthand import REF, Schema
from emulator.core.dialects import AZURE, OPENAI, Dialect
from emulator.core.errors import ERRORS, ApiError, ErrorRow
from emulator.core.readings import READINGS, Reading, configured
from emulator.settings import Settings

EXAMPLES = "#/components/examples/"
_ENVELOPES = {"model": "ModelErrorBody", "gateway": "GatewayErrorBody", "bare": "BareErrorBody"}
_DIALECTS = (OPENAI, AZURE)
# What stands in the places of the messages.
SAMPLES: Mapping[str, Any] = {
    "allowed": "GET, DELETE",
    "action": "Microsoft.CognitiveServices/accounts/OpenAI/responses/write",
    "age": "30 days",
    "call_id": "call_0Yk4Tn8pQbDx2mVw6sRz1cJh",
    "checks": "malicious_instructions",
    "conversation": "conv_0123456789abcdef",
    "count": "2 entries",
    "expected": "a string",
    "extension": ".exe",
    "extra": "mcp",
    "fixture": "hello",
    "got": "an integer",
    "header": "x-ms-oai-image-generation-deployment",
    "declared": 10,
    "host": "emulator.example.com",
    "id": "resp_0123456789abcdef",
    "key": "sk-...",
    "kind": "function",
    "label": "docs",
    "limit": 20,
    "message": "The model is overloaded.",
    "method": "POST",
    "model": "gpt-4o",
    "name": "get_weather",
    "names": "'previous_response_id' and 'conversation'",
    "operation": "POST /openai/responses",
    "origin": "https://example.com",
    "path": "/v1/nothing",
    "pattern": "^[a-zA-Z0-9_-]+$",
    "prefix": "resp",
    "principal": "00000000-0000-0000-0000-000000000000",
    "purpose": "assistants",
    "reason": "it cannot be read",
    "requested": 1,
    "seconds": 1,
    "shown": "gAAA...",
    "status": "completed",
    "store": "vs_0123456789abcdef",
    "supported": "'auto' and 'disabled'",
    "tool": "image_generation",
    "used": 20,
    "value": "many",
    "wait": "1s",
    "what": "this",
    "where": "fixtures/hello.yaml:1",
}


def answers(names: Iterable[str], dialects: Iterable[Dialect] = _DIALECTS) -> dict[str, Schema]:
    """Status -> what is answered with it by these rows, in these dialects, however a setting reads them."""
    found: dict[int, dict[str, Any]] = {}
    for name in names:
        for dialect in dialects:
            for row in readings_of(name, dialect):
                at = found.setdefault(row.status, {"envelopes": {}, "names": {}, "examples": {}})
                at["envelopes"][_ENVELOPES[row.envelope]] = None
                at["names"][name] = None
                example = example_name(name, dialect)
                at["examples"][example] = {"$ref": EXAMPLES + example}
    return {str(status): _answer(found[status]) for status in sorted(found)}


def readings_of(name: str, dialect: Dialect) -> list[ErrorRow]:
    """A row as a dialect has it, then as each setting that reads it otherwise does."""
    chosen = [one for one in READINGS if name in one.errors]
    read = (configured(_settings(one))[dialect.name] for one in chosen)
    return [one.errors.get(name, ERRORS[name]) for one in (dialect, *read)]


def _settings(reading: Reading) -> Settings:
    changed: dict[str, Any] = {reading.setting: reading.value}
    return replace(Settings(), **changed)


def _answer(at: Mapping[str, Any]) -> Schema:
    kinds: list[Schema] = [{"$ref": REF + name} for name in at["envelopes"]]
    schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    content = {"application/json": {"schema": schema, "examples": at["examples"]}}
    return {"description": ", ".join(at["names"]), "content": content}


def example_name(name: str, dialect: Dialect) -> str:
    """The example of a row: a dialect that words it as all do has none of its own."""
    return f"{dialect.name}.{name}" if name in dialect.errors else name


def examples() -> dict[str, Schema]:
    """Every row as each dialect words it, by the names of `example_name`."""
    return {
        example_name(name, dialect): {"value": dialect.render(_error(name))[1]}
        for name in ERRORS
        for dialect in _DIALECTS
    }


def _error(name: str) -> ApiError:
    fields = fields_of(name) - {"param"}
    param = "input" if "param" in fields_of(name) else None
    return ApiError(name, param, **{field: SAMPLES.get(field, "...") for field in fields})


def fields_of(name: str) -> set[str]:
    """What is filled into the messages of a row, in any dialect."""
    messages = [dialect.errors.get(name, ERRORS[name]).message for dialect in _DIALECTS]
    return {
        field for message in (*messages, ERRORS[name].message) for _, field, _, _ in Formatter().parse(message) if field
    }
