"""Structured outputs: JSON for a schema, any JSON object, and the service's errors."""

import json

import pytest

EVERY_KEY = "'required' is required to be supplied and to be an array including every key in properties."
ANY = {"format": {"type": "json_object"}}
CLOSED = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def ask(http, **body):
    return http.post("/responses", json={"model": "gpt-4o", **body})


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["output"][-1]["content"][0]["text"]


def schema(found, **more):
    return {"format": {"type": "json_schema", "name": "person", "schema": found, **more}}


@pytest.mark.parametrize(
    "asked",
    [
        "Give me some JSON",
        [{"role": "system", "content": "Answer in json."}, {"role": "user", "content": "Hello"}],
        [{"role": "developer", "content": [{"type": "input_text", "text": "As Json, please"}]}],
    ],
)
def test_any_object_is_given_to_who_says_json(http, asked):
    assert isinstance(json.loads(text_of(ask(http, input=asked, text=ANY))), dict)


def test_who_does_not_say_json_is_refused(http):
    for more in ({}, {"instructions": "Answer in JSON."}):
        refused = ask(http, input="Hello", text=ANY, **more)
        assert refused.status_code == 400
        assert refused.json()["error"] == {
            "message": "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            "type": "invalid_request_error",
            "param": "input",
            "code": None,
        }


def test_json_may_have_been_said_earlier_in_the_chain(http):
    first = ask(http, input="From now on, JSON only").json()["id"]
    assert isinstance(json.loads(text_of(ask(http, input="Hello", previous_response_id=first, text=ANY))), dict)
    other = ask(http, input="Be brief").json()["id"]
    assert ask(http, input="Hello", previous_response_id=other, text=ANY).status_code == 400


def test_a_schema_gets_json_of_its_shape(http):
    told = ask(http, input='Hello to "Ada"', text=schema(CLOSED, strict=True))
    assert json.loads(text_of(told)) == {"name": "Ada"}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({**CLOSED, "additionalProperties": True},
         "In context=(), 'additionalProperties' is required to be supplied and to be false."),
        ({**CLOSED, "required": []},
         f"In context=(), {EVERY_KEY} Missing 'name'."),
        ({"type": "array", "items": CLOSED},
         "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
        ({**CLOSED, "properties": {"name": {"oneOf": [{"type": "string"}]}}},
         "In context=('properties', 'name'), 'oneOf' is not permitted."),
        ({**CLOSED, "properties": {"name": {"type": "array"}}},
         "In context=('properties', 'name'), array schema missing items."),
    ],
)  # fmt: skip
def test_a_strict_schema_that_the_service_does_not_take_is_refused(http, found, reason):
    refused = ask(http, input="x", text=schema(found, strict=True))
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"] == {
        "message": f"Invalid schema for response_format 'person': {reason}",
        "type": "invalid_request_error",
        "param": "text.format.schema",
        "code": "invalid_json_schema",
    }


def test_without_strict_it_may_have_more(http):
    loose = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}, "required": ["name"]}
    assert len(json.loads(text_of(ask(http, input="x", text=schema(loose))))["name"]) <= 3
