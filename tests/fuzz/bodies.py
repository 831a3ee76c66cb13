"""Bodies made from the server's own description, and what is done to them: they are right, or wrong in some place."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import hypothesis
from hypothesis import strategies as st

from emulator.api.openapi.description import describe

# More of everything: `make fuzz`.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(hypothesis.HealthCheck),
)
DEEPEST = 4
# JSON that no dumps would write; each stands in for a text `@N@`.
DEEP = ("[" * 50 + "]" * 50, "[" * 20_000 + "]" * 20_000, "[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000)
NUMBERS = ("1e400", "-1e400", "1" + "0" * 400, "9" * 5_000, "-0", "-0.0", "1E-400", "-1", "1.5", "18446744073709551616")
STRINGS = (r'"\ud800"', r'"\udfff x"', r'"\u0000"', '"' + "x" * 70_000 + '"', '""', '"\U0001f600"')
NO_JSON = ("NaN", "Infinity", "-Infinity", "0.1e", "01", "'x'", '"\x01"', "//", "\ufeff1")
EMPTY = ("{}", "[]", "null", "true", '{"type": null}', '{"type": []}', "[[]]")
RAW = (*DEEP, *NUMBERS, *STRINGS, *NO_JSON, *EMPTY)
IDS = ("resp_1", "msg_1", "file-1", "data:image/png;base64,aGk=")
WORDS = ("gpt-4o", "o3-mini", "Say hello.", *IDS, "user", "auto", "a" * 65, "", "\0", "é")
TEXT = st.sampled_from(WORDS) | st.text(max_size=12)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
Schema = dict[str, Any]


def follow(schema: Schema) -> Schema:
    """What a reference leads to."""
    at: Any = describe()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        at = at[step]
    return dict(at)


def values(schema: Schema, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that fit a schema, as far as our own schemas go; deep ones are bare."""
    if "$ref" in schema:
        return _named(schema["$ref"], depth)
    if "allOf" in schema:
        return st.tuples(*(values(one, depth) for one in schema["allOf"])).map(_merged)
    if "anyOf" in schema:
        return st.one_of([st.deferred(lambda one=one: values(one, depth)) for one in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _typed(schema, depth)


@cache
def _named(reference: str, depth: int) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: values(follow({"$ref": reference}), depth))


def _typed(schema: Schema, depth: int) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of([_typed({**schema, "type": one}, depth) for one in kind])
    if kind == "array":
        return st.lists(values(schema.get("items", {}), depth + 1), max_size=3 if depth < DEEPEST else 0)
    if kind == "object" or "properties" in schema:
        return _object(schema, depth)
    low, high = schema.get("minimum", -5), schema.get("maximum", 2**40)
    return {
        "string": TEXT,
        "integer": st.integers(low, high),
        "number": st.floats(low, high) | st.integers(0, 2),
        "boolean": st.booleans(),
        "null": st.none(),
    }.get(kind, ANY)


def _object(schema: Schema, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    told, needed = schema.get("properties", {}), set(schema.get("required", ()))
    fields = {name: st.deferred(lambda one=one: values(one, depth + 1)) for name, one in told.items()}
    optional = {} if depth > DEEPEST else {name: fields[name] for name in told if name not in needed}
    made = st.fixed_dictionaries({name: fields[name] for name in told if name in needed}, optional=optional)
    more = schema.get("additionalProperties")
    if told or not isinstance(more, dict):
        return made if told else st.dictionaries(TEXT, ANY, max_size=3)
    return st.dictionaries(TEXT, values(more, depth + 1), max_size=3)


def _merged(parts: tuple[Any, ...]) -> Any:
    return {key: held for part in parts for key, held in part.items()} if isinstance(parts[0], dict) else parts[-1]


@st.composite
def texts(draw: st.DrawFn, schema: Schema) -> bytes:
    """The bytes of a body of a schema: as it is, with a spot made wrong, with a key twice, cut short, or no JSON."""
    body = draw(values(schema))
    for _ in range(draw(st.integers(0, 2))):
        body = _spoiled(draw, body)
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    for number, raw in enumerate(RAW):
        text = text.replace(f'"@{number}@"', raw)
    how = draw(st.sampled_from(["whole"] * 8 + ["twice", "cut", "bytes", "spaced"]))
    data = text.encode("utf-8", "surrogatepass")
    if how == "twice" and data.startswith(b"{") and len(data) > 2:
        return b"{" + data[1:-1] + b"," + data[1:]
    if how == "cut":
        return data[: draw(st.integers(0, max(0, len(data) - 1)))]
    if how == "bytes":
        at = draw(st.integers(0, len(data)))
        return data[:at] + draw(st.binary(max_size=8)) + data[at:]
    return b"\n\t " + data + b" " if how == "spaced" else data


def _spoiled(draw: st.DrawFn, body: Any) -> Any:
    """The body with one spot replaced or gone."""
    path = draw(st.sampled_from(list(spots(body))))
    junk = draw(ANY | st.integers(0, len(RAW) - 1).map(lambda number: f"@{number}@"))
    gone = bool(path) and draw(st.integers(0, 4)) == 0
    return _put(body, path, junk, gone=gone)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that is in a value, itself first."""
    yield path
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in held:
        yield from spots(one, (*path, key))


def _put(body: Any, path: tuple[Any, ...], value: Any, *, gone: bool) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    copy: Any = dict(body) if isinstance(body, dict) else list(body)
    if gone and not rest:
        del copy[step]
    else:
        copy[step] = _put(body[step], rest, value, gone=gone)
    return copy
