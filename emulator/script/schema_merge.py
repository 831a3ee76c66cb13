"""Turns a schema with references and alternatives into flat schemas to try in turn; it makes no value."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.script.bounds import SchemaError
from emulator.script.document import Document, Schema
from emulator.script.schema_match import matches, property_schema

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


def candidates(schema: Schema, document: Document, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    """Flat schemas, best first, each with the references that it went through, none with a combining keyword.

    A value for one of them need not be valid for the whole (`oneOf`, `not`): check it with `matches`. Raises
    SchemaError where there is none, TooMuchWorkError where the steps of the document end.
    """
    document.spend(1 if isinstance(schema, bool) else 1 + len(schema))
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
    document.spend(sum(map(len, groups)))
    if groups:
        yield from _combine(base, groups, document, refs)
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


def _combine(base: Flat, groups: list[list[Schema]], document: Document, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    first, rest = groups[0], groups[1:]
    document.spend(len(groups))
    problem = SchemaError("no branch of 'anyOf' or 'oneOf' can be taken")
    found = False
    for part in first:
        try:
            for flat, inner in _follow(part, document, refs):
                merged = merge(base, flat, document)
                for result in _combine(merged, rest, document, inner) if rest else ((merged, inner),):
                    found = True
                    yield result
        except SchemaError as error:
            problem = error
    if not found:
        raise problem


def _follow(part: Schema, document: Document, refs: Refs) -> Iterator[tuple[Flat, Refs]]:
    if isinstance(part, dict) and len(part) == 1 and "$ref" in part:
        reference = part["$ref"]
        if reference in refs:
            raise RecursionEndsHereError(f"'$ref' {reference!r} never ends")
        return candidates(document.resolve(reference), document, refs | {reference})
    return candidates(part, document, refs)


def merge(one: Flat, other: Flat, document: Document) -> Flat:
    """A flat schema that asks for what both ask for; raises SchemaError where no value could do both."""
    merged = {**one, **other}
    document.spend(_size(merged))
    for key in one.keys() & other.keys():
        if (rule := RULES.get(key)) is not None:
            merged[key] = rule(one[key], other[key], document)
        elif key not in ANNOTATIONS and not document.same(one[key], other[key]):
            raise SchemaError(f"the keyword '{key}' twice with different values")
    if "properties" in one or "properties" in other:
        merged["properties"] = _properties(one, other, document)
    if "enum" in merged:
        rest = {key: value for key, value in merged.items() if key != "enum"}
        if not any(matches(rest, value, document) for value in merged["enum"]):
            raise SchemaError("no value of 'enum' is left")
    return merged


def _size(flat: Flat) -> int:
    """How much there is to go through: the entries of a schema and of the lists and objects in it."""
    return 1 + len(flat) + sum(len(part) for part in flat.values() if isinstance(part, (dict, list)))


def _properties(one: Flat, other: Flat, document: Document) -> dict[str, Schema]:
    names = {**one.get("properties", {}), **other.get("properties", {})}
    document.spend(len(names))
    return {
        name: _both(property_schema(name, one, document), property_schema(name, other, document), document)
        for name in names
    }


def _both(one: Schema, other: Schema, document: Document) -> Schema:
    if one is False or other is False:
        return False
    if one is True or other is True:
        return other if one is True else one
    return one if document.same(one, other) else {"allOf": [one, other]}


def _types(one: Any, other: Any, _: Document) -> list[str]:
    left = list(dict.fromkeys(one if isinstance(one, list) else [one]))
    right = dict.fromkeys(other if isinstance(other, list) else [other])
    found = [name for name in left if name in right or (name == "integer" and "number" in right)]
    if "integer" in right and "number" in left and "integer" not in found:
        found.append("integer")
    if not found:
        raise SchemaError(f"no value has both the 'type' {one!r} and {other!r}")
    return found


def _enums(one: list[Any], other: list[Any], document: Document) -> list[Any]:
    return [value for value in one if document.among(value, other)]


def _needs(one: list[str], other: list[str], _: Document) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _prefix(one: list[Schema], other: list[Schema], document: Document) -> list[Schema]:
    if len(one) != len(other):
        raise SchemaError("the keyword 'prefixItems' twice with different lengths")
    return [_both(mine, yours, document) for mine, yours in zip(one, other, strict=True)]


def _multiples(one: float, other: float, _: Document) -> float:
    high, low = max(one, other), min(one, other)
    if high % low != 0:
        raise SchemaError("the keyword 'multipleOf' twice with different values")
    return high


RULES: Mapping[str, Callable[[Any, Any, Document], Any]] = {
    "type": _types,
    "enum": _enums,
    "required": _needs,
    "properties": lambda one, *_: one,  # replaced as a whole by _properties
    "additionalProperties": _both,
    "propertyNames": _both,
    "items": _both,
    "prefixItems": _prefix,
    "not": lambda one, other, _: {"anyOf": [one, other]},
    "uniqueItems": lambda one, other, _: one or other,
    "multipleOf": _multiples,
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), lambda one, other, _: max(one, other)
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), lambda one, other, _: min(one, other)
    ),
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
