"""Turns a schema with references and alternatives into flat schemas to try in turn; it makes no value."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.script.schema_match import Schema, SchemaError, matches, property_schema, resolve, same

Flat = dict[str, Any]
Refs = frozenset[str]

COMBINED = ("$ref", "allOf", "anyOf", "oneOf", "if", "then", "else")
# Known keywords that are not followed: a value could break them, so they are refused by name.
UNSUPPORTED = (
    "$dynamicRef",
    "$recursiveRef",
    "dependencies",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
)


class RecursionEndsHereError(SchemaError):
    """A reference to a schema that is being followed already; another branch has to be taken."""


def candidates(schema: Schema, root: Any, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    """Flat schemas, best first, each with the references that it went through, none with a combining keyword.

    A value for one of them need not be valid for the whole (`oneOf`, `not`): check it with `matches`.
    """
    if isinstance(schema, bool):
        if not schema:
            raise SchemaError("no value is valid for the schema 'false'")
        yield {}, refs
        return
    for keyword in UNSUPPORTED:
        if keyword in schema:
            raise SchemaError(f"the keyword '{keyword}' is not supported")
    base = {key: value for key, value in schema.items() if key not in COMBINED}
    groups = list(_groups(schema))
    if groups:
        yield from _combine(base, groups, root, refs)
    else:
        yield base, refs


def _groups(schema: Mapping[str, Any]) -> Iterator[list[Schema]]:
    """Lists of alternatives; one of each is needed."""
    if "$ref" in schema:
        yield [{"$ref": schema["$ref"]}]
    for part in schema.get("allOf", ()):
        yield [part]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            # "nothing" is the last thing that a model would choose
            yield sorted(schema[keyword], key=lambda part: isinstance(part, dict) and part.get("type") == "null")
    if "if" in schema:
        yield [{"allOf": [schema["if"], schema.get("then", True)]}, schema.get("else", True)]


def _combine(base: Flat, groups: list[list[Schema]], root: Any, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    first, rest = groups[0], groups[1:]
    problem = SchemaError("no branch of 'anyOf' or 'oneOf' can be taken")
    found = False
    for part in first:
        try:
            for flat, inner in _follow(part, root, refs):
                merged = merge(base, flat, root)
                for result in _combine(merged, rest, root, inner) if rest else ((merged, inner),):
                    found = True
                    yield result
        except SchemaError as error:
            problem = error
    if not found:
        raise problem


def _follow(part: Schema, root: Any, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    if isinstance(part, dict) and len(part) == 1 and "$ref" in part:
        reference = part["$ref"]
        if reference in refs:
            raise RecursionEndsHereError(f"'$ref' {reference!r} never ends")
        return candidates(resolve(reference, root), root, refs | {reference})
    return candidates(part, root, refs)


def merge(one: Flat, other: Flat, root: Any) -> Flat:
    """A flat schema that asks for what both ask for; raises SchemaError where no value could do both."""
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        if (rule := RULES.get(key)) is not None:
            merged[key] = rule(one[key], other[key])
        elif key not in ANNOTATIONS and not same(one[key], other[key]):
            raise SchemaError(f"the keyword '{key}' twice with different values")
    if "properties" in one or "properties" in other:
        merged["properties"] = _properties(one, other)
    if "enum" in merged and not any(matches({**merged, "enum": [v]}, v, root) for v in merged["enum"]):
        raise SchemaError("no value of 'enum' is left")
    return merged


def _properties(one: Flat, other: Flat) -> dict[str, Schema]:
    names = {**one.get("properties", {}), **other.get("properties", {})}
    return {name: _both(property_schema(name, one), property_schema(name, other)) for name in names}


def _both(one: Schema, other: Schema) -> Schema:
    if one is False or other is False:
        return False
    if one is True or other is True:
        return other if one is True else one
    return one if same(one, other) else {"allOf": [one, other]}


def _types(one: Any, other: Any) -> list[str]:
    left = one if isinstance(one, list) else [one]
    right = other if isinstance(other, list) else [other]
    found = [name for name in left if name in right or (name == "integer" and "number" in right)]
    found += [name for name in right if name == "integer" and "number" in left and name not in found]
    if not found:
        raise SchemaError(f"no value has both the 'type' {one!r} and {other!r}")
    return found


def _enums(one: list[Any], other: list[Any]) -> list[Any]:
    return [value for value in one if any(same(value, choice) for choice in other)]


def _needs(one: list[str], other: list[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _prefix(one: list[Schema], other: list[Schema]) -> list[Schema]:
    if len(one) != len(other):
        raise SchemaError("the keyword 'prefixItems' twice with different lengths")
    return list(map(_both, one, other))


def _multiples(one: float, other: float) -> float:
    high, low = max(one, other), min(one, other)
    if high % low != 0:
        raise SchemaError("the keyword 'multipleOf' twice with different values")
    return high


RULES: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _enums,
    "required": _needs,
    "properties": lambda one, _: one,  # replaced as a whole by _properties
    "additionalProperties": _both,
    "propertyNames": _both,
    "items": _both,
    "prefixItems": _prefix,
    "not": lambda one, other: {"anyOf": [one, other]},
    "uniqueItems": lambda one, other: one or other,
    "multipleOf": _multiples,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
ANNOTATIONS = frozenset(
    (
        "title",
        "description",
        "default",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$comment",
        "$id",
        "$schema",
        "$anchor",
        "$defs",
        "definitions",
        "contentMediaType",
        "contentEncoding",
    )
)
