"""Every generated value is valid for its schema, is always the same, and takes its words from the prompt."""

import re

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from emulator.script.document import Document
from emulator.script.generate import GenerateError, value_for
from emulator.script.schema_match import matches

WEATHER = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "description": "The city"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["location"],
}
FORMATS = {
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d:\d\dZ",
    "email": r"\S+@\S+\.\w+",
    "hostname": r"[\w.-]+",
    "ipv4": r"\d+\.\d+\.\d+\.\d+",
    "ipv6": r"[0-9a-f:]+",
    "uuid": r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}",
    "uri": r"https?://\S+",
    "duration": r"P\d+D",
}
PATTERNS = [
    r"^\d{3}-[A-Z]{2}$",
    r"^(foo|bar)+\.[^a-z]\w*$",
    r"^(?=.*\d)(?=.*[A-Z]).{8,}$",
    r"^[\w.+-]+@[\w-]+\.\w{2,}$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^\w+([\w.-]*\w+)*@(\w+\.)+[a-z]{2,4}$",
    r"(?i)^(?:yes|no)$",
    r"^#?([a-f0-9]{6}|[a-f0-9]{3})$",
    r"^\+?[1-9]\d{1,14}$",
    r"\bword\b",
    r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    r"^\S+\s\D\W$",
    r"^.$",
]


def valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@st.composite
def limits(draw, low, high, *, top=12):
    schema = {}
    floor = 0
    if draw(st.booleans()):
        floor = schema[low] = draw(st.integers(0, top // 2))
    if draw(st.booleans()):
        schema[high] = draw(st.integers(floor, top))
    return schema


@st.composite
def numbers(draw):
    kind = draw(st.sampled_from(["integer", "number"]))
    schema = {"type": kind}
    low = draw(st.integers(-50, 50))
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + draw(st.integers(10, 60))
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 5, 0.5, 0.1] if kind == "number" else [1, 2, 5]))
    return schema


SCALARS = st.one_of(
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {}, True]),
    numbers(),
    limits("minLength", "maxLength").map(lambda sizes: {"type": "string", **sizes}),
    st.sampled_from(PATTERNS).map(lambda pattern: {"type": "string", "pattern": pattern}),
    st.sampled_from(sorted(FORMATS)).map(lambda name: {"type": "string", "format": name}),
    st.lists(st.one_of(st.integers(), st.text(max_size=5), st.none(), st.booleans()), min_size=1, max_size=4).map(
        lambda choices: {"enum": choices}
    ),
    st.one_of(st.integers(), st.text(max_size=5), st.booleans()).map(lambda value: {"const": value}),
)
NAMES = st.sampled_from(["location", "name", "query", "count", "next", "üñí", "a b"])


def objects(inner):
    @st.composite
    def build(draw):
        properties = draw(st.dictionaries(NAMES, inner, max_size=4))
        schema = {"type": "object", "properties": properties}
        if properties and draw(st.booleans()):
            schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True))
        schema |= draw(st.sampled_from([{}, {"additionalProperties": False}, {"minProperties": 1}]))
        return schema

    return build()


def arrays(inner):
    @st.composite
    def build(draw):
        schema = {"type": "array", "items": draw(inner), **draw(limits("minItems", "maxItems", top=4))}
        if draw(st.booleans()):
            schema["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=3))
        if draw(st.booleans()):
            schema["uniqueItems"] = True
        return schema

    return build()


def combined(inner):
    return st.one_of(
        st.tuples(st.sampled_from(["anyOf", "oneOf"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: {pair[0]: pair[1]}
        ),
        st.lists(objects(inner), min_size=1, max_size=2).map(lambda parts: {"allOf": parts}),
    )


SCHEMAS = st.recursive(SCALARS, lambda inner: st.one_of(objects(inner), arrays(inner), combined(inner)), max_leaves=8)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    SCHEMAS,
    st.sampled_from(["", "What's the weather in San Francisco for 3 days?", 'Say "hi" to Bob at 7.5']),
)
def test_a_generated_value_is_valid_and_always_the_same(schema, hint):
    try:
        value = value_for(schema, hint=hint)
    except GenerateError:
        assume(False)
    assert valid(schema, value)
    assert matches(schema, value, Document(schema))
    assert value_for(schema, hint=hint) == value


def closed(inner):
    return st.dictionaries(NAMES, inner, max_size=4).map(
        lambda properties: {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    )


def nested(inner):
    lists = st.tuples(inner, limits("minItems", "maxItems", top=4)).map(
        lambda pair: {"type": "array", "items": pair[0], **pair[1]}
    )
    choices = st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    return st.one_of(closed(inner), lists, choices)


@settings(max_examples=200, deadline=None)
@given(closed(st.recursive(SCALARS, nested, max_leaves=8)), st.sampled_from(["", "Is 3 enough for Bob in Rome?"]))
def test_every_strict_schema_has_a_value(schema, hint):
    assert valid(schema, value_for(schema, hint=hint))


@settings(max_examples=200, deadline=None)
@given(st.one_of(SCALARS, arrays(SCALARS.filter(lambda schema: "const" not in str(schema)))))
def test_simple_schemas_always_have_a_value(schema):
    assume(not (isinstance(schema, dict) and schema.get("uniqueItems")))
    assert valid(schema, value_for(schema))


@settings(max_examples=200, deadline=None)
@given(SCHEMAS, st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.lists(st.integers())))
def test_the_check_agrees_with_a_real_validator(schema, value):
    assert matches(schema, value, Document(schema)) == valid(schema, value)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_kept(name):
    assert re.fullmatch(FORMATS[name], value_for({"type": "string", "format": name}))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_kept(pattern):
    assert re.search(pattern, value_for({"type": "string", "pattern": pattern}))


def test_patterns_keep_the_length_asked_for():
    assert len(value_for({"type": "string", "pattern": "^[a-z]+$", "minLength": 5, "maxLength": 5})) == 5


def test_an_argument_takes_the_place_from_the_prompt():
    value = value_for(WEATHER, hint="What's the weather in San Francisco?")
    assert value == {"location": "San Francisco", "unit": "celsius"}


def test_an_enum_takes_the_value_that_the_prompt_names():
    assert value_for(WEATHER, hint="Paris in Fahrenheit please")["unit"] == "fahrenheit"


def test_quotations_numbers_and_dates_come_from_the_prompt():
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "count": {"type": "integer", "maximum": 10},
            "price": {"type": "number"},
            "date": {"type": "string", "format": "date"},
            "email": {"type": "string", "format": "email"},
        },
    }
    hint = 'Order 400 or 3 copies of "War and Peace" for 12.5 dollars on 2026-02-03, mail me@example.org'
    assert value_for(schema, hint=hint) == {
        "title": "War and Peace",
        "count": 3,
        "price": 400,
        "date": "2026-02-03",
        "email": "me@example.org",
    }


@pytest.mark.parametrize(
    ("hint", "place"),
    [
        ("San Francisco weather, please", "San Francisco"),
        ("Is Paris warm today?", "Paris"),
        ("In Rome, how warm is it?", "Rome"),
        ("Show me Tokyo's weather. Thanks", "Tokyo"),
        ("what is the weather like in new york?", "new york"),
        ("Weather?", "location"),
        ("I wonder. So do I.", "location"),
    ],
)
def test_a_place_is_found_where_people_write_it(hint, place):
    assert value_for(WEATHER, hint=hint)["location"] == place


def test_a_date_that_does_not_exist_is_not_taken():
    assert value_for({"type": "string", "format": "date"}, hint="on 2026-99-99") == "2025-01-01"


def test_a_query_is_the_whole_prompt():
    schema = {"type": "object", "properties": {"query": {"type": "string"}}}
    assert value_for(schema, hint="find  otters") == {"query": "find otters"}


def test_without_a_hint_a_text_is_the_name_of_its_property():
    schema = {"type": "object", "properties": {"userName": {"type": "string"}}}
    assert value_for(schema) == {"userName": "user name"}


def test_recursion_ends_at_a_leaf():
    schema = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    "again": {"$ref": "#"},
                },
                "required": ["value", "next", "children"],
            }
        },
    }
    assert value_for(schema) == {"value": 1, "next": None, "children": []}


def test_unique_items_go_through_all_combinations():
    item = {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}}
    value = value_for({"type": "array", "items": item, "uniqueItems": True, "minItems": 4})
    assert len({tuple(part.items()) for part in value}) == 4


def test_more_keywords_are_followed():
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "tags": {"type": "array", "contains": {"const": "x"}}},
        "patternProperties": {"^n_": {"type": "integer"}},
        "required": ["n_1"],
        "dependentRequired": {"n_1": ["extra"]},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["more"]},
        "not": {"required": ["forbidden"]},
    }
    value = value_for(schema)
    assert valid(schema, value)
    assert {"n_1", "extra", "more", "tags"} <= value.keys()


def test_branches_of_one_of_are_kept_apart():
    schema = {"oneOf": [{"type": "number"}, {"type": "integer"}, {"type": "string"}]}
    assert valid(schema, value_for(schema))


def test_an_optional_property_that_cannot_be_made_is_left_out():
    assert value_for({"type": "object", "properties": {"a": False, "b": {"type": "null"}}}) == {"b": None}


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "object", "dependentSchemas": {}}, "dependentSchemas"),
        ({"$ref": "#"}, "$ref"),
        ({"$ref": "https://example.com/s.json"}, "$ref"),
        ({"$ref": "#/nowhere"}, "$ref"),
        ({"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "$ref"),
        (False, "false"),
        ({"type": "string", "pattern": "\\p{L}"}, "pattern"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"type": "string", "pattern": r"(a|b)\1"}, "pattern"),
        ({"type": "string", "pattern": "(a{1000}){1000}"}, "pattern"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "minimum"),
        ({"type": "integer", "multipleOf": 0}, "JSON Schema"),
        ({"type": "array", "items": {"type": "null"}, "minItems": 2, "uniqueItems": True}, "uniqueItems"),
        ({"properties": 3}, "JSON Schema"),
        ({"not": {}}, "not"),
        ({"type": "thing"}, "type"),
        ({"type": "object", "minProperties": 2, "additionalProperties": False}, "minProperties"),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "type"),
    ],
)
def test_what_cannot_be_made_is_an_error_that_names_the_keyword(schema, named):
    with pytest.raises(GenerateError, match=re.escape(named)):
        value_for(schema)
