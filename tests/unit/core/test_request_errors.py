"""The errors of a request body: one row per rule, with the exact answer."""

from typing import Any

import orjson
import pytest

from tests.unit.core.answers import (
    BODY,
    STRING_OR_OBJECT,
    TEXT_OR_PARTS,
    bound,
    characters,
    choice,
    create,
    length,
    message,
    missing,
    pattern,
    prefix,
    refused,
    wrong,
)

NO_INPUT = (
    "missing_required_parameter",
    "input",
    "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
)


TOO_MANY = (
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
    "but got an object with 17 properties instead."
)
FIELDS = [
    ({"model": None}, missing("model")),
    ({"model": None, "stream": "x"}, missing("model")),
    ({"model": 1}, wrong("model", "a string", "an integer")),
    ({"model": ""}, length("model", "below_min", 1, 0)),
    ({"model": "a\0"}, characters("model", "a\0")),
    ({"input": None}, NO_INPUT),
    ({"input": ""}, NO_INPUT),
    ({"input": []}, NO_INPUT),
    ({"input": 3}, wrong("input", TEXT_OR_PARTS, "an integer")),
    ({"instructions": ["x"]}, wrong("instructions", "a string", "an array")),
    ({"stream": "true"}, wrong("stream", "a boolean", "a string")),
    ({"store": 1}, wrong("store", "a boolean", "an integer")),
    ({"background": {}}, wrong("background", "a boolean", "an object")),
    ({"parallel_tool_calls": 0.5}, wrong("parallel_tool_calls", "a boolean", "a decimal")),
    ({"max_output_tokens": True}, wrong("max_output_tokens", "an integer", "a boolean")),
    ({"max_output_tokens": 16.0}, wrong("max_output_tokens", "an integer", "a decimal")),
    ({"max_output_tokens": 15}, bound("max_output_tokens", "integer_below_min_value", "16", "15")),
    ({"max_tool_calls": 0}, bound("max_tool_calls", "integer_below_min_value", "1", "0")),
    ({"top_logprobs": 21}, bound("top_logprobs", "integer_above_max_value", "20", "21")),
    ({"top_logprobs": -1}, bound("top_logprobs", "integer_below_min_value", "0", "-1")),
    ({"temperature": -1}, bound("temperature", "decimal_below_min_value", "0", "-1")),
    ({"temperature": 2.5}, bound("temperature", "decimal_above_max_value", "2", "2.5")),
    ({"temperature": "1"}, wrong("temperature", "a decimal", "a string")),
    ({"top_p": 1.1}, bound("top_p", "decimal_above_max_value", "1", "1.1")),
    ({"frequency_penalty": -3}, bound("frequency_penalty", "decimal_below_min_value", "-2", "-3")),
    ({"include": "x"}, wrong("include", "an array", "a string")),
    ({"include": [1]}, wrong("include[0]", "a string", "an integer")),
    ({"truncation": "x"}, choice("truncation", "x", "'auto' and 'disabled'")),
    ({"reasoning": "x"}, wrong("reasoning", "an object", "a string")),
    (
        {"reasoning": {"effort": "x"}},
        choice("reasoning.effort", "x", "'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'"),
    ),
    (
        {"reasoning": {"summary": "x"}},
        choice("reasoning.summary", "x", "'auto', 'concise', and 'detailed'"),
    ),
    ({"text": {"verbosity": "x"}}, choice("text.verbosity", "x", "'low', 'medium', and 'high'")),
    (
        {"text": {"format": {"type": "x"}}},
        choice("text.format.type", "x", "'text', 'json_object', and 'json_schema'"),
    ),
    ({"text": {"format": {}}}, missing("text.format.type")),
    ({"text": {"format": {"type": "json_schema", "schema": {}}}}, missing("text.format.name")),
    ({"text": {"format": {"type": "json_schema", "name": "a"}}}, missing("text.format.schema")),
    (
        {"text": {"format": {"type": "json_schema", "name": "a b", "schema": {}}}},
        pattern("text.format.name"),
    ),
    (
        {"text": {"format": {"type": "json_schema", "name": "a" * 65, "schema": {}}}},
        length("text.format.name", "above_max", 64, 65),
    ),
    (
        {"text": {"format": {"type": "json_schema", "name": "a", "schema": []}}},
        wrong("text.format.schema", "an object", "an array"),
    ),
    (
        {"stream_options": {}},
        (None, "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled."),
    ),
    (
        {"stream": True, "stream_options": {"include_obfuscation": "no"}},
        wrong("stream_options.include_obfuscation", "a boolean", "a string"),
    ),
    (
        {"background": True, "store": False},
        ("unsupported_parameter", "background", "background=true requires store=true."),
    ),
    ({"previous_response_id": "x"}, prefix("previous_response_id", "x", "resp")),
    ({"previous_response_id": "resp_ä"}, characters("previous_response_id", "resp_ä")),
    ({"previous_response_id": "resp_\0"}, characters("previous_response_id", "resp_\0")),
    ({"conversation": "x"}, prefix("conversation", "x", "conv")),
    ({"conversation": {"id": "x"}}, prefix("conversation.id", "x", "conv")),
    ({"conversation": []}, wrong("conversation", STRING_OR_OBJECT, "an array")),
    (
        {"conversation": "conv_1", "previous_response_id": "resp_1"},
        (
            "mutually_exclusive_parameters",
            None,
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
        ),
    ),
    (
        {"metadata": {str(n): "" for n in range(17)}},
        (
            "object_above_max_properties",
            "metadata",
            TOO_MANY,
        ),
    ),
    (
        {"prompt": {"id": "pmpt_1", "variables": {"a": 1}}},
        wrong("prompt.variables.a", "one of a string or object", "an integer"),
    ),
    ({"prompt": {"id": "pmpt_1", "variables": {"a": {}}}}, missing("prompt.variables.a.type")),
    ({"metadata": {"k" * 65: ""}}, length("metadata", "above_max", 64, 65)),
    ({"metadata": {"k": "v" * 513}}, length("metadata", "above_max", 512, 513)),
    ({"metadata": {"k": 1}}, wrong("metadata.k", "a string", "an integer")),
    ({"safety_identifier": "s" * 65}, length("safety_identifier", "above_max", 64, 65)),
    ({"prompt": {}}, missing("prompt.id")),
]


@pytest.mark.parametrize(("fields", "answer"), FIELDS, ids=[str(row[0])[:50] for row in FIELDS])
def test_a_bad_field_is_answered_as_the_service_does(fields: Any, answer: Any) -> None:
    assert refused(orjson.dumps({**BODY, **fields})) == (400, *answer)


@pytest.mark.parametrize(
    ("fields", "path", "some"),
    [
        ({"input": [{"type": "x"}]}, "input[0].type", "'message', 'file_search_call', "),
        ({"tools": [{"type": "x"}]}, "tools[0].type", "'function', 'file_search', "),
        ({"tool_choice": {"type": "x"}}, "tool_choice.type", "'function', 'custom', 'mcp', "),
        ({"include": ["x"]}, "include[0]", "'file_search_call.results', "),
    ],
)
def test_an_unknown_type_is_answered_with_all_that_are_known(fields: Any, path: str, some: str) -> None:
    status, code, param, text = refused(orjson.dumps({**BODY, **fields}))
    assert (status, code, param) == (400, "invalid_value", path)
    assert text.startswith(f"Invalid value: 'x'. Supported values are: {some}")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"model": "\\ud800"}',
        b'{"temperature": NaN}',
        b'{"temperature": 1e999}',
        b"\xff",
        b"[" * 300 + b"]" * 300,
        b'{"model":"m","input":"x","prompt":{"id":"p","variables":{"a":' + b"[" * 240 + b"]" * 240 + b"}}}",
        b'{"a":' * 5000,
    ],
)
def test_what_is_no_json_or_too_deep_is_bad_json(raw: bytes) -> None:
    status, code, param, text = refused(raw)
    assert (status, code, param) == (400, None, None)
    assert text.startswith("We could not parse the JSON body of your request. (HINT: ")


@pytest.mark.parametrize(("raw", "got"), [(b"[]", "an array"), (b'"x"', "a string"), (b"null", "null")])
def test_a_body_must_be_an_object(raw: bytes, got: str) -> None:
    text = f"Invalid body: expected a JSON object, but got {got} instead."
    assert refused(raw) == (400, "invalid_type", None, text)


def test_a_body_may_have_many_brackets_side_by_side() -> None:
    assert len(create(input=[message({"type": "input_text", "text": "[{"})] * 500).input) == 500
