"""Puts the server's own OpenAPI description together from the data beside it; it reads no request."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import emulator
from emulator.api.openapi import bodies, rows, shorthand
from emulator.api.openapi.shorthand import REF, Schema
from emulator.core.dialects import DIALECTS, OPENAI, Dialect
from emulator.core.queries import INCLUDES
from emulator.script.schema import schema as fixture_schema

FOLDER = Path(__file__).parent
CONTROL = "/_emulator"
JSON = "application/json"
KINDS = {"binary": "application/octet-stream", "zip": "application/zip"}
YAML = "application/yaml"
# Parameters that are no plain expressions.
PARAMETERS: Mapping[str, Schema] = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"},  # an empty one is none
    "include": {"type": "array", "items": {"enum": list(INCLUDES)}},
    "order": {"enum": ["asc", "desc"], "default": "desc"},
}
ABOUT = """\
A local, offline emulator of the Azure OpenAI and OpenAI Responses API. The base URL chooses the dialect; in front of it
may stand a namespace, as in /ns/team-a/openai/v1. What is under /_emulator steers the emulator and is no part of the
service's API. A fault that was asked for, and an `error` step of a fixture, may answer with any status."""


def describe() -> Schema:
    """The whole description, OpenAPI 3.1; made once."""
    return _described()


@cache
def _described() -> Schema:
    operations = _data("operations")
    tags = dict.fromkeys(operation["tag"] for operation in operations.values())
    return {
        "openapi": "3.1.0",
        "info": {"title": "Responses emulator", "version": emulator.__version__, "description": ABOUT},
        "servers": [_server(prefix, dialect) for dialect in DIALECTS for prefix in dialect.prefixes],
        "security": [{"key": []}, {"bearer": []}],
        "tags": [{"name": tag} for tag in tags],
        "paths": _paths(operations),
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "headers": {"x-request-id": {"description": "The id of the request", "schema": {"type": "string"}}},
            "examples": rows.examples(),
            "schemas": _schemas(),
        },
    }


def _server(prefix: str, dialect: Dialect) -> Schema:
    names = re.findall(r"{(\w+)}", prefix)
    server: Schema = {"url": prefix, "description": f"The {dialect.name} dialect"}
    return {**server, "variables": {name: {"default": name} for name in names}} if names else server


def described_routes() -> list[tuple[str, str]]:
    """The method and path of every operation, as the routes have them."""
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in _data("operations")]


@cache
def _data(folder: str) -> dict[str, Any]:
    """What the files of a folder say, in one."""
    found: dict[str, Any] = {}
    for path in sorted((FOLDER / folder).glob("*.yaml")):
        if path.name != "events.yaml":
            found |= _read(path)
    return found


def _read(path: Path) -> Any:
    import yaml

    return yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe one)


@cache
def _examples() -> dict[str, Any]:
    import orjson

    path = FOLDER / "examples.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else {}


def _paths(operations: Mapping[str, Any]) -> Schema:
    paths: dict[str, Schema] = {}
    for line, operation in operations.items():
        method, _, route = line.partition(" ")
        path = route.replace(":path}", "}")
        at = paths.setdefault(path, {"servers": [{"url": "/"}]} if path.startswith(CONTROL) else {})
        at[method.lower()] = _operation(path, operation, operations)
    return paths


def _operation(path: str, told: Mapping[str, Any], operations: Mapping[str, Any]) -> Schema:
    control = path.startswith(CONTROL)
    made: Schema = {"operationId": told["id"], "tags": [told["tag"]], "summary": told["summary"]}
    if parameters := list(_parameters(path, told)):
        made["parameters"] = parameters
    if body := _body(told, may_be_empty="optional" in told or (control and "yaml" not in told)):
        made["requestBody"] = body
    everywhere = "everywhere in control" if control else "everywhere"
    names = list(_rows([everywhere, *told.get("errors", ())]))
    errors = rows.answers(names, *([[OPENAI]] if control else []))
    for status, name in told.get("other", {}).items():
        errors[str(status)] = _or(_answer(name), errors.get(str(status)))
    made["responses"] = {**_answers(path, told, operations), **errors}
    if control:
        made["security"] = [{}, {"key": []}, {"bearer": []}]
    return made


def _parameters(path: str, told: Mapping[str, Any]) -> Iterator[Schema]:
    for part in path.split("/"):
        if part.startswith("{"):
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for place in ("query", "headers"):
        for name, text in told.get(place, {}).items():
            schema = PARAMETERS.get(text) or shorthand.expression(text)
            if place == "query" and not path.startswith(CONTROL):
                schema = _or_empty(schema)
            yield {"name": name, "in": place.removesuffix("s"), "schema": schema}


def _or_empty(schema: Schema) -> Schema:
    """A query parameter that is empty is left out, whatever it would have to be; a list has no empty entries."""
    if "enum" in schema:
        return {**schema, "enum": list(dict.fromkeys([*schema["enum"], ""]))}
    return schema if schema.get("type") in ("string", "array") else {"anyOf": [schema, {"const": ""}]}


def _body(told: Mapping[str, Any], *, may_be_empty: bool) -> Schema | None:
    content: Schema = {}
    if "body" in told:
        name = told["body"]
        content[JSON] = {"schema": {"$ref": bodies.reference(name)} if name in bodies.BODIES else _ref(name)}
        if (example := _examples().get(told["id"], {}).get("request")) is not None:
            content[JSON]["example"] = example
        if "yaml" in told:
            content[YAML] = content[JSON]
    if "form" in told:
        content["multipart/form-data"] = {"schema": {"$ref": REF + told["form"]}}
    if "urlencoded" in told:
        content["application/x-www-form-urlencoded"] = {"schema": _ref(told["urlencoded"])}
    if "bytes" in told:
        content[told["bytes"]] = {"schema": {"type": "string", "format": "binary"}}
    return {"required": not may_be_empty, "content": content} if content else None


def _answers(path: str, told: Mapping[str, Any], operations: Mapping[str, Any]) -> Schema:
    if "answer" not in told:
        return {}
    answers = {"200": _answer(told["answer"], told["id"])}
    if "events" in told:
        answers["200"]["content"]["text/event-stream"] = {
            "schema": {
                "type": "string",
                "description": "Frames of `event: TYPE` and `data: JSON`",
                "x-item": _ref("Event"),
            }
        }
    if links := _links(path, told, operations):
        answers["200"]["links"] = links
    return answers


def _or(answer: Schema, other: Schema | None) -> Schema:
    """One of two answers of the same status."""
    if other is None:
        return answer
    told = answer["content"][JSON]["schema"], other["content"][JSON]["schema"]
    choices = [choice for schema in told for choice in schema.get("anyOf", [schema])]
    content = {**other["content"][JSON], "schema": {"anyOf": choices}}
    return {"description": f"{answer['description']}, {other['description']}", "content": {JSON: content}}


def _answer(name: str, of: str = "") -> Schema:
    headers = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
    if name in KINDS:
        content: Schema = {KINDS[name]: {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {JSON: {"schema": shorthand.expression(name)}}
        if (example := _examples().get(of, {}).get("answer")) is not None:
            content[JSON]["example"] = example
    return {"description": name, "headers": headers, "content": content}


def _links(path: str, told: Mapping[str, Any], operations: Mapping[str, Any]) -> Schema:
    """What can be done next with what was made: every operation whose path goes on with its id."""
    if "makes" not in told:
        return {}
    held = {part[1:-1]: f"$request.path.{part[1:-1]}" for part in path.split("/") if part.startswith("{")}
    held[told["makes"]] = "$response.body#/id"
    begin = f"{path}/{{{told['makes']}}}"
    found: Schema = {}
    for line, operation in operations.items():
        target = line.partition(" ")[2]
        if target.removeprefix(CONTROL).startswith(begin):
            found[operation["id"]] = {
                "operationId": operation["id"],
                "parameters": {name: value for name, value in held.items() if f"{{{name}}}" in target},
            }
    return found


def _rows(names: Any) -> Iterator[str]:
    """The rows that names and groups of names stand for."""
    groups = _groups()
    for name in names:
        if isinstance(name, list):
            yield from _rows(name)
        elif name in groups:
            yield from _rows(groups[name])
        else:
            yield name


@cache
def _groups() -> dict[str, Any]:
    found: dict[str, Any] = _read(FOLDER / "errors.yaml")
    return found


def _ref(name: str) -> Schema:
    return {"$ref": REF + name}


def _schemas() -> dict[str, Schema]:
    made = {name: shorthand.schema(shape) for name, shape in _data("shapes").items()}
    return {**made, **_events(), **bodies.schemas(), **_fixtures()}


def _events() -> dict[str, Schema]:
    """Every event by its type, and `Event`, which is one of them."""
    events: Mapping[str, Any] = _read(FOLDER / "shapes" / "events.yaml")[-1]
    made = {kind: shorthand.schema({"type": f"={kind}", **fields}) for kind, fields in events.items()}
    told = {"propertyName": "type", "mapping": {kind: REF + kind for kind in made}}
    return {**made, "Event": {"oneOf": [_ref(kind) for kind in made], "discriminator": told}}


def _fixtures() -> dict[str, Schema]:
    """The schema of fixtures, whose parts are looked for where its own document has them."""
    whole = fixture_schema()
    whole.pop("$schema")
    parts = whole.pop("$defs")
    return {"Fixtures": _moved(whole), **{f"fixture.{name}": _moved(part) for name, part in parts.items()}}


def _moved(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: held.replace("#/$defs/", f"{REF}fixture.") if key == "$ref" else _moved(held)
            for key, held in value.items()
        }
    return [_moved(one) for one in value] if isinstance(value, list) else value
