"""Tells whether a JSON value is valid for a JSON Schema, as far as `generate` needs it; it makes none."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Schema = Mapping[str, Any] | bool
Check = Callable[[Any, Any, Mapping[str, Any], Any], bool]


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and value == int(value),
}


class SchemaError(Exception):
    """A schema that cannot be followed; the message names the keyword."""


def matches(schema: Schema, value: Any, root: Any) -> bool:
    """Whether `value` is valid for `schema`; references point into `root`. Formats are not looked at."""
    if isinstance(schema, bool):
        return schema
    return all(
        check(operand, value, schema, root)
        for keyword, operand in schema.items()
        if (check := CHECKS.get(keyword)) is not None
    )


def resolve(reference: Any, root: Any) -> Schema:
    """The schema that a `$ref` within the same document points to."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise SchemaError(f"'$ref' {reference!r} points outside the schema")
    found = root
    for step in reference.lstrip("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise SchemaError(f"'$ref' {reference!r} points to nothing") from None
    if not isinstance(found, (dict, bool)) or reference[1:2] not in ("", "/"):
        raise SchemaError(f"'$ref' {reference!r} points to no schema")
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def unique(values: list[Any]) -> bool:
    """Whether no two values are equal."""
    return not any(same(one, other) for at, one in enumerate(values) for other in values[:at])


def multiple(value: float, of: float) -> bool:
    """Whether a number is a multiple, in decimals and in floating point alike: readers divide differently."""
    return Fraction(str(value)) % Fraction(str(of)) == 0 and (value / of) == int(value / of)


def search(pattern: str, text: str) -> bool:
    """Whether a text holds a match of the pattern."""
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise SchemaError(f"'pattern' {pattern!r}: {error}") from None


def property_schema(name: str, schema: Mapping[str, Any]) -> Schema:
    """What a schema asks of the property of that name."""
    found = [part for key, part in schema.get("patternProperties", {}).items() if search(key, name)]
    if name in schema.get("properties", {}):
        found.insert(0, schema["properties"][name])
    if not found:
        additional: Schema = schema.get("additionalProperties", True)
        return additional
    return found[0] if len(found) == 1 else {"allOf": found}


def item_schema(index: int, schema: Mapping[str, Any]) -> Schema:
    """What a schema asks of the item at that index."""
    first = schema.get("prefixItems", [])
    found: Schema = first[index] if index < len(first) else schema.get("items", True)
    return found


def _type(operand: Any, value: Any, *_: Any) -> bool:
    names = operand if isinstance(operand, list) else [operand]
    return any(TYPES[name](value) for name in names if name in TYPES)


def _objects(_: Any, value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return all(matches(property_schema(name, schema), part, root) for name, part in value.items())


def _items(_: Any, value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, list):
        return True
    return all(matches(item_schema(at, schema), part, root) for at, part in enumerate(value))


def _contains(operand: Any, value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, list):
        return True
    hits = sum(matches(operand, part, root) for part in value)
    return bool(schema.get("minContains", 1) <= hits <= schema.get("maxContains", hits))


def _branch(operand: Any, value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    return matches(schema.get("then" if matches(operand, value, root) else "else", True), value, root)


def _dependent(operand: Any, value: Any, *_: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return all(need in value for name, needs in operand.items() if name in value for need in needs)


def _sized(kind: type, size: Callable[[Any, Any], bool]) -> Check:
    return lambda operand, value, *_: not isinstance(value, kind) or size(operand, value)


def _numeric(holds: Callable[[Any, Any], bool]) -> Check:
    return lambda operand, value, *_: not is_number(value) or holds(operand, value)


CHECKS: Mapping[str, Check] = {
    "type": _type,
    "enum": lambda operand, value, *_: any(same(value, choice) for choice in operand),
    "const": lambda operand, value, *_: same(value, operand),
    "$ref": lambda operand, value, _, root: matches(resolve(operand, root), value, root),
    "allOf": lambda operand, value, _, root: all(matches(part, value, root) for part in operand),
    "anyOf": lambda operand, value, _, root: any(matches(part, value, root) for part in operand),
    "oneOf": lambda operand, value, _, root: sum(matches(part, value, root) for part in operand) == 1,
    "not": lambda operand, value, _, root: not matches(operand, value, root),
    "if": _branch,
    "properties": _objects,
    "patternProperties": _objects,
    "additionalProperties": _objects,
    "propertyNames": lambda operand, value, _, root: (
        not isinstance(value, dict) or all(matches(operand, name, root) for name in value)
    ),
    "required": _sized(dict, lambda operand, value: all(name in value for name in operand)),
    "dependentRequired": _dependent,
    "minProperties": _sized(dict, lambda limit, value: len(value) >= limit),
    "maxProperties": _sized(dict, lambda limit, value: len(value) <= limit),
    "items": _items,
    "prefixItems": _items,
    "contains": _contains,
    "minItems": _sized(list, lambda limit, value: len(value) >= limit),
    "maxItems": _sized(list, lambda limit, value: len(value) <= limit),
    "uniqueItems": _sized(list, lambda wanted, value: not wanted or unique(value)),
    "minLength": _sized(str, lambda limit, value: len(value) >= limit),
    "maxLength": _sized(str, lambda limit, value: len(value) <= limit),
    "pattern": _sized(str, search),
    "minimum": _numeric(lambda limit, value: value >= limit),
    "maximum": _numeric(lambda limit, value: value <= limit),
    "exclusiveMinimum": _numeric(lambda limit, value: value > limit),
    "exclusiveMaximum": _numeric(lambda limit, value: value < limit),
    "multipleOf": _numeric(lambda of, value: multiple(value, of)),
}
