"""Tells whether a JSON value is valid for a JSON Schema, as far as `generate` needs it; it makes none."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from emulator.script.bounds import SchemaError
from emulator.script.document import Document, Schema

Check = Callable[[Any, Any, Mapping[str, Any], Document], bool]


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


def matches(schema: Schema, value: Any, document: Document) -> bool:
    """Whether `value` is valid for `schema`, a part of the document. Formats are not looked at.

    Raises SchemaError for what cannot be followed, TooMuchWorkError where the steps of the document end.
    """
    document.spend(1 if isinstance(schema, bool) else 1 + len(schema))
    if isinstance(schema, bool):
        return schema
    return all(
        check(operand, value, schema, document)
        for keyword, operand in schema.items()
        if (check := CHECKS.get(keyword)) is not None
    )


def exact(number: Any) -> Fraction:
    """A JSON number as it is written; raises SchemaError for anything else, such as the text `1e999999999`."""
    if not is_number(number):
        raise SchemaError(f"{str(number)[:100]!r} stands where a number should")
    return Fraction(str(number))


def multiple(value: float, of: float) -> bool:
    """Whether a number is a multiple, in decimals and in floating point alike: readers divide differently."""
    return exact(value) % exact(of) == 0 and (value / of) == int(value / of)


def property_schema(name: str, schema: Mapping[str, Any], document: Document) -> Schema:
    """What a schema asks of the property of that name."""
    found = [part for key, part in schema.get("patternProperties", {}).items() if document.search(key, name)]
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


def _type(operand: Any, value: Any, _: Any, document: Document) -> bool:
    names = operand if isinstance(operand, list) else [operand]
    document.spend(len(names))
    return any(TYPES[name](value) for name in names if name in TYPES)


def _objects(_: Any, value: Any, schema: Mapping[str, Any], document: Document) -> bool:
    if not isinstance(value, dict):
        return True
    return all(matches(property_schema(name, schema, document), part, document) for name, part in value.items())


def _items(_: Any, value: Any, schema: Mapping[str, Any], document: Document) -> bool:
    if not isinstance(value, list):
        return True
    return all(matches(item_schema(at, schema), part, document) for at, part in enumerate(value))


def _contains(operand: Any, value: Any, schema: Mapping[str, Any], document: Document) -> bool:
    if not isinstance(value, list):
        return True
    hits = sum(matches(operand, part, document) for part in value)
    return bool(schema.get("minContains", 1) <= hits <= schema.get("maxContains", hits))


def _branch(operand: Any, value: Any, schema: Mapping[str, Any], document: Document) -> bool:
    way = "then" if matches(operand, value, document) else "else"
    return matches(schema.get(way, True), value, document)


def _required(operand: Any, value: Any, _: Any, document: Document) -> bool:
    if not isinstance(value, dict):
        return True
    document.spend(len(operand))
    return all(name in value for name in operand)


def _dependent(operand: Any, value: Any, _: Any, document: Document) -> bool:
    if not isinstance(value, dict):
        return True
    document.spend(len(operand))
    return all(_required(needs, value, _, document) for name, needs in operand.items() if name in value)


def _sized(kind: type, size: Callable[[Any, Any], bool]) -> Check:
    return lambda operand, value, *_: not isinstance(value, kind) or size(operand, value)


def _numeric(holds: Callable[[Any, Any], bool]) -> Check:
    return lambda operand, value, *_: not is_number(value) or holds(operand, value)


def _once(check: Check, *others: str) -> Check:
    """A check that looks at several keywords, for the first of them: twice at each level is 2^depth in all."""
    return lambda operand, value, schema, document: (
        any(word in schema for word in others) or check(operand, value, schema, document)
    )


CHECKS: Mapping[str, Check] = {
    "type": _type,
    "enum": lambda operand, value, _, document: document.among(value, operand),
    "const": lambda operand, value, _, document: document.same(value, operand),
    "$ref": lambda operand, value, _, document: matches(document.resolve(operand), value, document),
    "allOf": lambda operand, value, _, document: all(matches(part, value, document) for part in operand),
    "anyOf": lambda operand, value, _, document: any(matches(part, value, document) for part in operand),
    "oneOf": lambda operand, value, _, document: sum(matches(part, value, document) for part in operand) == 1,
    "not": lambda operand, value, _, document: not matches(operand, value, document),
    "if": _branch,
    "properties": _objects,
    "patternProperties": _once(_objects, "properties"),
    "additionalProperties": _once(_objects, "properties", "patternProperties"),
    "propertyNames": lambda operand, value, _, document: (
        not isinstance(value, dict) or all(matches(operand, name, document) for name in value)
    ),
    "required": _required,
    "dependentRequired": _dependent,
    "minProperties": _sized(dict, lambda limit, value: len(value) >= limit),
    "maxProperties": _sized(dict, lambda limit, value: len(value) <= limit),
    "items": _items,
    "prefixItems": _once(_items, "items"),
    "contains": _contains,
    "minItems": _sized(list, lambda limit, value: len(value) >= limit),
    "maxItems": _sized(list, lambda limit, value: len(value) <= limit),
    "uniqueItems": lambda wanted, value, _, document: (
        not wanted or not isinstance(value, list) or document.unique(value)
    ),
    "minLength": _sized(str, lambda limit, value: len(value) >= limit),
    "maxLength": _sized(str, lambda limit, value: len(value) <= limit),
    "pattern": lambda operand, value, _, document: not isinstance(value, str) or document.search(operand, value),
    "minimum": _numeric(lambda limit, value: value >= limit),
    "maximum": _numeric(lambda limit, value: value <= limit),
    "exclusiveMinimum": _numeric(lambda limit, value: value > limit),
    "exclusiveMaximum": _numeric(lambda limit, value: value < limit),
    "multipleOf": _numeric(lambda of, value: multiple(value, of)),
}
