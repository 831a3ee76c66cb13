"""Shapes in short form to JSON Schema: `[string] | null` and the like; it knows no operation and no shape by name.

A shape is a mapping of fields to expressions, or an expression. A field's name ends with `?` where it may be left out;
a field `...` lets others in. `<<` of YAML takes another shape's fields over.

    string, integer, number, boolean, object, any, null, binary     a type
    integer 1..100                                                  with its limits
    =text                                                           this text only; =true and =false: this boolean
    Name                                                            another shape
    [x]  {x}                                                        an array, or an object with any keys, of these
    x | y                                                           one of these
"""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern

Schema = dict[str, Any]

REF = "#/components/schemas/"
TYPES: Mapping[str, Schema] = {
    **{name: {"type": name} for name in ("string", "integer", "number", "boolean", "object", "null")},
    "any": {},
    "binary": {"type": "string", "format": "binary"},
}
_TOKEN = lazy_pattern(r"\s*(?:(?P<mark>[][{}|])|(?P<range>-?\d+\.\.\d*)|(?P<text>=[^\s\]}|]+)|(?P<name>\w+))")
_LITERALS = {"true": True, "false": False}


def schema(shape: Mapping[str, str] | str) -> Schema:
    """The JSON Schema of a shape; an object has no other fields than those that are named."""
    if isinstance(shape, str):
        return expression(shape)
    names = [name for name in shape if name != "..."]
    made: Schema = {"type": "object", "properties": {name.removesuffix("?"): expression(shape[name]) for name in names}}
    if needed := [name for name in names if not name.endswith("?")]:
        made["required"] = needed
    return made if "..." in shape else {**made, "additionalProperties": False}


def expression(text: str) -> Schema:
    """The JSON Schema of one expression; raises ValueError where it is none."""
    tokens = list(_tokens(text))
    found = _choices(tokens)
    if tokens:
        raise ValueError(f"{text!r}: nothing may follow {text[: -len(tokens[0])]!r}")
    return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text!r}: what is {text[at:]!r}?")
        yield found[0].strip()
        at = found.end()


def _choices(tokens: list[str]) -> Schema:
    found = [_one(tokens)]
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        found.append(_one(tokens))
    texts = [choice["const"] for choice in found if "const" in choice]
    if len(texts) > 1:
        found = [{"enum": texts}, *(choice for choice in found if "const" not in choice)]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _one(tokens: list[str]) -> Schema:
    first = tokens.pop(0) if tokens else ""
    if first == "[":
        return {"type": "array", "items": _closed(tokens, "]")}
    if first == "{":
        return {"type": "object", "additionalProperties": _closed(tokens, "}")}
    if first.startswith("="):
        return {"const": _LITERALS.get(first[1:], first[1:])}
    if first in TYPES:
        return {**TYPES[first], **_limits(tokens)}
    if not first[:1].isupper():
        raise ValueError(f"what is {first!r}?")
    return {"$ref": REF + first}


def _closed(tokens: list[str], end: str) -> Schema:
    found = _choices(tokens)
    if not tokens or tokens.pop(0) != end:
        raise ValueError(f"a {end} is missing")
    return found


def _limits(tokens: list[str]) -> Schema:
    if not (tokens and ".." in tokens[0]):
        return {}
    low, _, high = tokens.pop(0).partition("..")
    return {"minimum": int(low)} | ({"maximum": int(high)} if high else {})
