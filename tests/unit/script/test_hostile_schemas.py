"""Whatever schema or pattern a client sends, an answer comes soon: a valid value, or an error."""

import re
import subprocess
import sys
import warnings
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulator.core.errors import ApiError
from emulator.script import fallback, schema_match
from emulator.script.bounds import CHARACTERS, STEPS, VALUES, SchemaError, Steps, TooMuchWorkError
from emulator.script.document import Document
from emulator.script.generate import GenerateError, value_for
from emulator.script.pattern import text_for
from emulator.script.pattern_match import Program
from emulator.script.schema_match import matches
from tests.unit.script.test_fallback import CUSTOM, ask

CALLS = 8_000_000  # calls of functions, Python's and C's, for one value
SECONDS = 60  # far more than is needed, far less than what hangs
ALONE = """
import sys, orjson
from emulator.script.generate import GenerateError, value_for
try:
    value = value_for(orjson.loads(sys.stdin.buffer.read()), hint="Is v7 or 'two' enough for Bob in Rome?")
    sys.stdout.buffer.write(b"value " + orjson.dumps(value))
except GenerateError:
    print("refused")
"""
AAA = "a" * 40 + "!"
NESTED = "^(a+)+$"


def nest(levels, leaf, wrap):
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def in_object(schema):
    return {"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False}


def in_array(schema, **more):
    return {"type": "array", "items": schema, **more}


def text(pattern, **more):
    return {"type": "string", "pattern": pattern, **more}


def wide(number, schema):
    return {f"p{at}": schema for at in range(number)}


def refs(number, schema):
    return {"properties": wide(number, {"$ref": "#/$defs/a"}), "type": "object", "$defs": {"a": schema}}


def chain(keyword, levels):
    """Each definition leads to the next one twice: 2^levels ways."""
    steps = {f"d{at}": {keyword: [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**steps, f"d{levels}": {"type": "string"}}}


# Each took minutes or for ever, or more memory than there is, before the work was counted.
HOSTILE: dict[str, tuple[Any, str]] = {
    "objects, 50 levels": (nest(50, {"type": "string"}, in_object), "value"),
    "arrays, 50 levels": (nest(50, {"type": "string"}, lambda s: in_array(s, prefixItems=[s["type"] and {}])), "value"),
    "repeat in repeat, default": (text(NESTED, default=AAA), 'value "a"'),
    "repeat in repeat, example": (text(NESTED, examples=[AAA]), 'value "a"'),
    "repeat in repeat, enum": (text(NESTED, enum=[AAA, "aa"]), 'value "aa"'),
    "repeat in repeat, const": (text(NESTED, const=AAA), "refused"),
    "repeat in repeat, name": ({"patternProperties": {NESTED: {}}, "required": [AAA], "type": "object"}, "value"),
    "repeat in repeat, text": (text("^(([a-z])+.)+[A-Z]([a-z])+$", default="a" * 60), "value"),
    "alternation in repeat": (text("^(a|a|aa)*$", default=AAA), 'value ""'),
    "repeats side by side": (text("a*a*a*a*a*b", default="a" * 20_000), "value"),
    "repeats in a look-ahead": (text("(?=(a*a*a*b))c", default="a" * 3_000), "refused"),
    "counts that multiply": (text("((a{1,1000}){1,1000}){1000}"), "refused"),
    "counts of nothing": (text("((?:){100000}){100000}x"), "refused"),
    "a large set": (text(f"^[^{'bcd' * 200}]*$", minLength=15_000), "value"),
    "a long pattern": (text("a" * 2_000_000), "refused"),
    "many patterns": ({"patternProperties": wide(20_000, {}), "type": "object", "required": ["a"]}, "refused"),
    "minLength": ({"type": "string", "minLength": 10**9}, "refused"),
    "minLength with a pattern": (text("a", minLength=10**9), "refused"),
    "minItems": (in_array({"type": "null"}, minItems=10**9), "refused"),
    "minItems within minItems": (nest(9, {"type": "string"}, lambda s: in_array(s, minItems=10)), "refused"),
    "minLength within minItems": (in_array({"type": "string", "minLength": 1_000}, minItems=1_000), "refused"),
    "minProperties": ({"type": "object", "minProperties": 10**9}, "refused"),
    "unique numbers": (in_array({"type": "integer"}, minItems=4_000, uniqueItems=True), "value"),
    "oneOf, 2^40 ways": (chain("oneOf", 40), "refused"),
    "allOf, 2^40 ways": (chain("allOf", 40), "refused"),
    "anyOf, 2^40 pairs": (
        {"allOf": [*({"anyOf": [{"minimum": n}, {"maximum": -n}]} for n in range(1, 41)), {"const": 0.5}]},
        "refused",
    ),
    "allOf, 1,000 levels of work": ({"allOf": [{"properties": {f"p{n}": {}}} for n in range(5_000)]}, "refused"),
    "allOf, 100 levels": (nest(100, {"type": "string"}, lambda s: {"allOf": [s]}), "value"),
    "too many levels": (nest(110, {"type": "string"}, in_object), "refused"),
    "2 MB of properties": ({"type": "object", "properties": wide(70_000, {"type": "string"})}, "refused"),
    "2 MB of names": ({"type": "object", "required": list(wide(200_000, None))}, "refused"),
    "2 MB of branches": ({"anyOf": [{"type": "integer", "minimum": 2, "maximum": 1}] * 45_000}, "refused"),
    "many branches, many times": (refs(1_000, {"anyOf": [{"minimum": 2, "maximum": 1}] * 30_000}), "refused"),
    "2 MB of choices": ({"enum": [f"v{n}" for n in range(200_000)]}, "refused"),
    "50,000 choices": ({"enum": [f"v{n}" for n in range(50_000)]}, 'value "v7"'),
    "large choices": (
        in_array({"enum": [[1] * 999 + [n] for n in range(300)]}, default=[[1] * 1_000] * 300),
        "refused",
    ),
    "2 MB of types": ({"allOf": [{"type": ["string"] * 200_000}, {"type": ["number"] * 200_000}]}, "refused"),
    "2 MB of examples": (refs(3_000, {"type": "string", "maxLength": 0, "examples": ["x"] * 400_000}), "refused"),
    "2 MB of keywords": (in_array({"type": "string", **wide(90_000, 1)}, minItems=3_000), "refused"),
    "2 MB of needs": ({"default": [{"a": 1}] * 10_000, **in_array({"required": ["a"] * 400_000})}, "refused"),
    "a name of 1 MB": ({"type": "object", "properties": {"x" * 1_000_000: {"type": "string"}}}, "value {}"),
    "a reference of 2 MB": ({"$ref": "#" + "/a" * 1_000_000}, "refused"),
    "a number in a text": ({"type": "number", "multipleOf": "1e999999999"}, "refused"),
    "a limit in a text": ({"type": "number", "minimum": "1e999999999"}, "refused"),
    "an integer of 300 digits": ({"type": "integer", "minimum": 1e300}, "value 1e+300"),
    "a surrogate": (text("[\\ud800-\\udfff]"), "refused"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_answered_or_refused_in_bounded_time(name):
    schema, expected = HOSTILE[name]
    done = subprocess.run(
        [sys.executable, "-c", ALONE], input=orjson.dumps(schema), capture_output=True, timeout=SECONDS, check=True
    )
    assert done.stdout.decode().startswith(expected)


def counted(work, *args, **options):
    """What the work gives; fails where it calls too many functions."""
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1
        if calls > CALLS:
            pytest.fail(f"more than {CALLS} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return work(*args, **options)
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {}}, "patternProperties": {"b": {}}, "additionalProperties": False}, {"a": 1}),
        ({"patternProperties": {"a": {}}, "additionalProperties": False}, {"a": 1}),
        ({"additionalProperties": {}}, {"a": 1}),
        ({"items": {}, "prefixItems": [{}]}, [1]),
        ({"prefixItems": [{}]}, [1]),
    ],
)
def test_what_several_keywords_say_of_one_property_or_item_is_looked_at_once(schema, value, monkeypatch):
    looked = []
    monkeypatch.setitem(schema_match.TYPES, "thing", lambda part: not looked.append(part))

    def deeper(part):
        if part == {}:
            return {"type": "thing"}
        if isinstance(part, dict):
            return {key: deeper(inner) for key, inner in part.items()}
        return [deeper(inner) for inner in part] if isinstance(part, list) else part

    assert matches(deeper(schema), value, Document(schema))
    assert looked == [1]


def test_the_work_for_a_level_is_the_same_at_each_depth():
    def work(levels):
        value = nest(levels, "x", lambda inner: {"a": inner})
        document = Document({})
        assert matches(nest(levels, {"type": "string"}, in_object), value, document)
        return STEPS - document.left

    assert work(40) - work(20) == work(60) - work(40)


SIGNS = [
    "a",
    "b",
    "A",
    "1",
    ".",
    " ",
    "\\n",
    "[ab]",
    "[^a]",
    "[a-z1]",
    r"[^\w]",
    r"[\s\d]",
    r"\w",
    r"\D",
    r"\S",
    "é",
    "",
]
PLACES = ["^", "$", r"\b", r"\B", r"\A", r"\Z"]
ATOMS = st.sampled_from([*SIGNS, *PLACES])
REPEATS = st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,}", "*?", "+?", "??", "{1,3}?"])


def deeper(inner):
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.tuples(st.sampled_from(["(?=", "(?!", "(", "(?i:", "(?s:"]), inner).map(lambda pair: f"{pair[0]}{pair[1]})"),
        st.tuples(st.sampled_from(["(?<=", "(?<!"]), st.sampled_from(["a", r"\w", "[^b]", "a1", ""])).map(
            lambda pair: f"{pair[0]}{pair[1]})"
        ),
    )


REGEXES = st.tuples(
    st.sampled_from(["", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?x)"]),
    st.recursive(ATOMS, deeper, max_leaves=8),
).map("".join)


@settings(max_examples=500, deadline=None)
@given(REGEXES, st.lists(st.text("abAB1_ é\n", max_size=7), min_size=1, max_size=6))
@example("(?i)[^a]", ["A", "a"])
@example("a$", ["a\n", "a\nb"])
@example(r"(?a)\D\b", ["é"])
@example(r"(?a)\B.", ["é"])
def test_a_search_finds_what_python_finds(pattern, texts):
    compiled = re.compile(pattern)
    program = Program(pattern, Steps())
    for given_text in texts:
        # Older Pythons hold no place in an empty text for a non-boundary, newer ones do.
        if given_text or "\\B" not in pattern:
            assert program.search(given_text) == (compiled.search(given_text) is not None), given_text


@settings(max_examples=300, deadline=None)
@given(REGEXES, st.integers(0, 20))
def test_a_text_written_for_a_pattern_matches_it(pattern, low):
    try:
        written = text_for(Program(pattern, Steps()), low=low)
    except (SchemaError, TooMuchWorkError):
        return
    assert len(written) >= low
    assert re.search(pattern, written) or (not written and "\\B" in pattern)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)\1", "reference back"),
        (r"(a)?(?(1)b|c)", "condition"),
        ("(?>a)", "atomic"),
        ("a*+", "possessive"),
        ("(?<=a+)b", "fixed-width"),
        ("a{30000}", "multiply"),
        ("(?:^){1000000000}", "multiply"),
        ("(" * 330 + "a" + ")*" * 330, "recursion"),
        ("a" * 1_001, "characters"),
    ],
)
def test_a_pattern_that_is_not_followed_is_refused_with_the_reason(pattern, reason):
    with pytest.raises(SchemaError, match=reason):
        Program(pattern, Steps())


def test_a_pattern_that_python_may_read_otherwise_one_day_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Program("[[a]", Steps()).search("[")


def test_a_search_takes_no_more_steps_than_states():
    steps = Steps()
    program = Program("^(a+)+$", steps)
    before = steps.left
    assert not program.search("a" * 100 + "!")
    assert before - steps.left <= len(program.nodes) * 102


def test_a_search_stops_where_its_steps_end():
    program = Program("a*a*a*b", Steps(10_000))
    with pytest.raises(TooMuchWorkError):
        program.search("a" * 100_000)


def test_a_value_is_as_large_as_the_bounds_allow():
    assert len(value_for(in_array({"type": "null"}, minItems=VALUES - 1))) == VALUES - 1
    assert len(value_for({"type": "string", "minLength": CHARACTERS})) == CHARACTERS
    for schema in (in_array({"type": "null"}, minItems=VALUES), {"type": "string", "minLength": CHARACTERS + 1}):
        with pytest.raises(GenerateError):
            value_for(schema)


@pytest.mark.parametrize("keyword", ["const", "default", "enum"])
def test_what_stands_in_the_schema_counts_too(keyword):
    large = ["x" * 1_000] * 101
    value = [large] if keyword == "enum" else large
    schema = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, keyword: value}
    if keyword == "default":
        assert len(value_for(schema)) == 2
    else:
        with pytest.raises(GenerateError):
            value_for(schema)


def test_a_branch_that_would_be_too_large_makes_room_for_the_next():
    large = in_array({"type": "string", "minLength": 60_000}, minItems=2)
    assert value_for({"anyOf": [large, {"type": "string", "minLength": 90_000}]}).startswith("text")
    assert value_for({"type": "object", "properties": {"a": large, "b": {"type": "null"}}}) == {"b": None}


def test_the_reason_is_short():
    with pytest.raises(GenerateError) as caught:
        value_for({"$ref": "x" * 1_000_000})
    assert len(str(caught.value)) <= 300


def test_a_schema_that_is_followed_deep_in_a_stack_is_refused_at_most():
    def deep(levels):
        if levels:
            return deep(levels - 1)
        return value_for(nest(60, {"type": "string"}, in_object))

    def outcome(levels):
        try:
            return type(deep(levels))
        except GenerateError:
            return GenerateError

    room = sys.getrecursionlimit()
    seen = {outcome(levels) for levels in range(0, room - 150, 50)}
    assert seen <= {dict, GenerateError}
    assert GenerateError in seen


PATTERNS = st.sampled_from(
    [NESTED, "^(a|a)*b$", "a*a*a*b", "(", "(a{1,1000}){1000}", r"(a)\1", "[a-f]{3}", "^(?=.*z).+$"]
)
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([10**9, -1.5, 1e308, AAA, "", "#"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", AAA]), inner, max_size=3),
    max_leaves=5,
)
SIZES = st.sampled_from([0, 1, 2, 3, 50, 10**9])
PLAIN = {
    "type": st.sampled_from(["string", "integer", "number", "object", "array", "null", "boolean", ["string", "null"]]),
    "pattern": PATTERNS,
    "enum": st.lists(JUNK, min_size=1, max_size=4),
    "const": JUNK,
    "default": JUNK,
    "examples": st.lists(JUNK, max_size=3),
    "required": st.lists(st.sampled_from(["a", "b", AAA]), max_size=3),
    "uniqueItems": st.booleans(),
    "multipleOf": st.sampled_from([1, 0.5, 0, -1, 5e-324]),
    "format": st.sampled_from(["date", "email", "x"]),
    "$ref": st.sampled_from(["#", "#/$defs/a", "#/properties/a", "#/items", "#/allOf/0", "x"]),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), SIZES),
    **dict.fromkeys(("minContains", "minimum", "maximum", "exclusiveMinimum"), SIZES),
}


def around(inner):
    named = st.dictionaries(st.sampled_from(["a", "b", AAA]), inner, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            **PLAIN,
            **dict.fromkeys(("items", "additionalProperties", "contains", "not", "if", "then", "propertyNames"), inner),
            **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
            "properties": named,
            "$defs": named,
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
            "dependentRequired": st.dictionaries(st.sampled_from(["a", "b"]), PLAIN["required"], max_size=2),
        },
    )


SCHEMAS = st.recursive(st.one_of(st.booleans(), st.fixed_dictionaries({}, optional=PLAIN), JUNK), around, max_leaves=12)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, st.sampled_from(["", "Is 'a' or 7 enough for Bob in Rome?"]))
def test_any_schema_ends_with_a_valid_value_or_an_error(schema, hint):
    try:
        value = counted(value_for, schema, hint=hint)
    except GenerateError:
        return
    assert matches(schema, value, Document(schema))
    orjson.dumps(value)


def json_of(schema):
    return fallback._json(schema, "", "text.format.schema", "the schema")


def test_long_json_is_not_kept():
    def kept():
        return fallback._kept.cache_info().currsize

    fallback._kept.cache_clear()
    assert len(json_of({"type": "string", "minLength": 90_000})) > 90_000
    assert json_of({"type": "null", "title": "x" * 90_000}) == "null"
    assert kept() == 0
    assert json_of({"type": "null"}) == "null"
    assert kept() == 1


def test_a_value_too_deep_for_json_is_not_implemented():
    schema = nest(60, {"const": nest(200, 1, lambda value: [value])}, lambda s: in_array(s, minItems=1))
    parts = {f"d{at}": in_array({"$ref": f"#/$defs/d{at + 1}"}, minItems=1) for at in range(60)}
    parts["d60"] = {"const": nest(200, 1, lambda value: [value])}
    schema = {"$ref": "#/$defs/d0", "$defs": parts}
    with pytest.raises(ApiError) as caught:
        json_of(schema)
    assert caught.value.row.status == 501


@pytest.mark.parametrize("number", ["1234567890123456789012345", f"{'9' * 400}.5"])
def test_a_number_of_the_prompt_that_json_cannot_carry_is_not_taken(number):
    assert value_for({"type": "number"}, hint=f"add {number}") == 1


@pytest.mark.parametrize(
    "definition", [r"(a)\1", "((a{1,1000}){1,1000}){1000}", "(" * 330 + "a" + ")*" * 330, "a" * 2_000_000]
)
def test_a_grammar_that_cannot_be_followed_is_not_implemented(definition):
    tool = {**CUSTOM, "format": {"type": "grammar", "syntax": "regex", "definition": definition}}
    with pytest.raises(ApiError, match="grammar") as caught:
        fallback.answer(ask("hi", tools=[tool], tool_choice={"type": "custom", "name": CUSTOM["name"]}))
    assert caught.value.row.status == 501
    assert len(caught.value.message) < 1_000


def test_a_grammar_with_nested_repeats_is_written():
    tool = {**CUSTOM, "format": {"type": "grammar", "syntax": "regex", "definition": "(([a-z])+.)+[A-Z]([a-z])+"}}
    (step,) = fallback.answer(ask("hi", tools=[tool], tool_choice={"type": "custom", "name": CUSTOM["name"]}))
    assert re.fullmatch("(([a-z])+.)+[A-Z]([a-z])+", step.input)
