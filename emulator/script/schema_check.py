"""Refuses schemas that structured outputs do not take, in the service's words; it makes no value."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.errors import ApiError

Path = tuple[str, ...]

# What structured outputs do not follow; without `strict` they may be used.
NOT_PERMITTED = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "minLength",
    "maxLength",
)
FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))
SHAPED = ("type", "$ref", "anyOf", "enum", "const")
DEPTH = 50


def check_text_format(given: Mapping[str, Any], param: str = "text.format") -> None:
    """Check the `text.format` of a request: `json_schema` has a schema, with more rules if it is `strict`."""
    if given.get("type") == "json_schema":
        strict = bool(given.get("strict"))
        check_schema(given.get("schema"), given.get("name", ""), f"{param}.schema", strict=strict)


def check_schema(schema: Any, name: str, param: str = "text.format.schema", *, strict: bool = True) -> None:
    """Raise `invalid_json_schema` for the first thing in a response format that the service refuses.

    With `strict` the root is an object, every object lists all its properties as required and allows no
    others, and only the supported keywords are used (docs/reference/errors.md).
    """
    _object(schema, param)
    if strict and (reason := problem(schema)) is not None:
        raise ApiError("invalid_json_schema", param, name=name, reason=reason)


def check_function(tool: Mapping[str, Any], param: str, *, given: bool) -> None:
    """Raise `invalid_function_parameters` for a function tool whose parameters the service refuses.

    `given` tells whether the request itself said `strict: true`. Where it was only filled in, the service makes the
    schema strict as far as it can, so no more is asked than of any function: an object, and arrays with `items`.
    `param` is the path of the parameters, such as `tools[0].parameters`.
    """
    schema = tool.get("parameters")
    if schema is None:
        return
    _object(schema, param)
    if given:
        reason = problem(schema)
    else:
        reason = next(_without_items(schema, ()), None) or (_not_an_object(schema) if schema else None)
    if reason is not None:
        raise ApiError("invalid_function_parameters", param, name=tool.get("name", ""), reason=reason)


def problem(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a strict schema, in a sentence; None where all is right."""
    return _not_an_object(schema) or next(_problems(schema, (), schema), None)


def _not_an_object(schema: Mapping[str, Any]) -> str | None:
    if schema.get("type") == "object":
        return None
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."


def _without_items(schema: Any, path: Path) -> Iterator[str]:
    """Each array of a schema, outermost first, that does not say what is in it."""
    if not isinstance(schema, dict) or len(path) > DEPTH * 2:
        return
    if _is(schema, "array") and not _has_items(schema):
        yield f"In context={path!r}, array schema missing items."
    for step, inner in _inner(schema):
        yield from _without_items(inner, path + step)


def _has_items(schema: Mapping[str, Any]) -> bool:
    return "items" in schema or "prefixItems" in schema


def _object(schema: Any, param: str) -> None:
    if not isinstance(schema, dict):
        raise ApiError("invalid_type", param, expected="an object", got=_kind(schema))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    return names.get(type(value), "an object")


def _problems(schema: Any, path: Path, root: Mapping[str, Any]) -> Iterator[str]:
    """The problems of a schema and all that it holds, outermost first."""
    context = f"In context={path!r}, "
    if not isinstance(schema, dict):
        yield f"{context}{schema!r} is not of type 'object'."
        return
    if len(path) > DEPTH * 2:
        yield f"{context}the schema is nested more than {DEPTH} levels deep."
        return
    for problem_here in _own(schema, root):
        yield context + problem_here
    for step, inner in _inner(schema):
        yield from _problems(inner, path + step, root)


def _own(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    """The problems of one schema by itself."""
    yield from (f"'{word}' is not permitted." for word in NOT_PERMITTED if word in schema)
    if not any(word in schema for word in SHAPED):
        yield "schema must have a 'type' key."
    if "$ref" in schema and not _points_inside(schema["$ref"], root):
        yield "reference can only point to definitions defined at the top level of the schema."
    if "format" in schema and schema["format"] not in FORMATS:
        yield f"{schema['format']!r} is not a valid format."
    if _is(schema, "array") and not _has_items(schema):
        yield "array schema missing items."
    if _is(schema, "object"):
        yield from _object_rules(schema)


def _object_rules(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("additionalProperties", True) is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if not isinstance(properties, dict):
        yield f"{properties!r} is not of type 'object'."
        return
    demand = "'required' is required to be supplied and to be an array including every key in properties."
    if not isinstance(required, list) and properties:
        yield f"{demand} Missing '{next(iter(properties))}'."
        return
    listed = {name for name in required if isinstance(name, str)}
    for name in properties:
        if name not in listed:
            yield f"{demand} Missing '{name}'."
    for name in required:
        if name not in properties:
            yield f"'required' lists '{name}', which is not a key in properties."


def _is(schema: Mapping[str, Any], kind: str) -> bool:
    named = schema.get("type")
    return named == kind or (isinstance(named, list) and kind in named)


def _points_inside(reference: Any, root: Mapping[str, Any]) -> bool:
    if reference == "#":
        return True
    if not isinstance(reference, str):
        return False
    start, _, name = reference.rpartition("/")
    held = root.get(start.removeprefix("#/"), {})
    return start in ("#/$defs", "#/definitions") and isinstance(held, dict) and _plain(name) in held


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The schemas within a schema, each with the steps that lead to it."""
    for keyword in ("$defs", "definitions", "properties"):
        held = schema.get(keyword)
        if isinstance(held, dict):
            yield from (((keyword, name), inner) for name, inner in held.items())
    for keyword in ("anyOf", "prefixItems"):
        held = schema.get(keyword)
        if isinstance(held, list):
            yield from (((keyword, str(at)), inner) for at, inner in enumerate(held))
    if "items" in schema:
        yield ("items",), schema["items"]
