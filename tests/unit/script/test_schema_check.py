"""Schemas that structured outputs do not take are refused in the service's words."""

import pytest

from emulator.core.errors import ApiError
from emulator.script.schema_check import check_function, check_schema, check_text_format

OBJECT = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def strict(**properties):
    return {**OBJECT, "properties": properties, "required": list(properties)}


CLOSED = "'additionalProperties' is required to be supplied and to be false."
REQUIRED = "'required' is required to be supplied and to be an array including every key in properties."
TOP_LEVEL = "reference can only point to definitions defined at the top level of the schema."
REFUSED = [
    ({"type": "array"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    ({}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    (
        {"type": "object", "properties": {}},
        f"In context=(), {CLOSED}",
    ),
    (
        {**strict(x={"type": "string"}), "required": []},
        f"In context=(), {REQUIRED} Missing 'x'.",
    ),
    (
        strict(x={"type": "string", "minLength": 1}),
        "In context=('properties', 'x'), 'minLength' is not permitted.",
    ),
    (
        strict(x={"type": "string", "format": "uri"}),
        "In context=('properties', 'x'), 'uri' is not a valid format.",
    ),
    (strict(x={}), "In context=('properties', 'x'), schema must have a 'type' key."),
    (strict(x={"type": "array"}), "In context=('properties', 'x'), array schema missing items."),
    (
        strict(x={"type": "array", "items": {"type": "object"}}),
        f"In context=('properties', 'x', 'items'), {CLOSED}",
    ),
    (
        strict(x={"$ref": "#/$defs/no"}),
        f"In context=('properties', 'x'), {TOP_LEVEL}",
    ),
    (
        strict(x={"anyOf": [{"oneOf": []}]}),
        "In context=('properties', 'x', 'anyOf', '0'), 'oneOf' is not permitted.",
    ),
    (strict(x=3), "In context=('properties', 'x'), 3 is not of type 'object'."),
]


@pytest.mark.parametrize(("schema", "reason"), REFUSED)
def test_a_strict_schema_is_refused_in_the_words_of_the_service(schema, reason):
    with pytest.raises(ApiError) as caught:
        check_schema(schema, "event")
    assert caught.value.message == f"Invalid schema for response_format 'event': {reason}"
    assert (caught.value.row.code, caught.value.param) == ("invalid_json_schema", "text.format.schema")
    with pytest.raises(ApiError) as caught:
        check_function({"name": "f", "parameters": schema, "strict": True}, "tools[0].parameters", given=True)
    assert caught.value.message == f"Invalid schema for function 'f': {reason}"
    assert (caught.value.row.code, caught.value.param) == (
        "invalid_function_parameters",
        "tools[0].parameters",
    )


def test_what_is_not_strict_is_not_checked():
    check_schema({"type": "array"}, "event", strict=False)
    check_function({"name": "f", "parameters": {"type": "object"}, "strict": True}, "tools[0].parameters", given=False)
    check_function({"name": "f", "parameters": None, "strict": True}, "tools[0].parameters", given=True)
    check_text_format({"type": "json_object"})
    check_text_format({"type": "json_schema", "name": "e", "schema": {"allOf": []}, "strict": False})


def test_a_schema_is_an_object():
    with pytest.raises(ApiError, match="expected an object, but got an array"):
        check_schema([], "event", strict=False)


def test_good_strict_schemas_pass():
    tree = {
        **strict(
            name={"type": "string", "pattern": "^a"},
            child={"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            leaf={"$ref": "#/$defs/leaf"},
            tags={"type": ["array", "null"], "items": {"enum": ["a"]}},
        ),
        "$defs": {"leaf": strict(n={"type": "integer", "minimum": 1, "description": "n"})},
    }
    check_schema(tree, "tree")
    check_text_format({"type": "json_schema", "name": "tree", "schema": tree, "strict": True})
