"""What a request body becomes: defaults, echoes and warnings."""

from typing import Any

import orjson
import pytest

from emulator.core.errors import ApiError
from emulator.core.requests import CreateRequest, parse_create, parse_input_tokens
from tests.unit.core.answers import (
    BODY,
    FUNCTION,
    create,
    refused,
)


def test_what_is_left_out_has_the_service_s_defaults() -> None:
    request = create()
    part = {"type": "input_text", "text": "hi"}
    assert request == CreateRequest(
        model="gpt-4o",
        input=[{"type": "message", "role": "user", "content": [part]}],
        include_obfuscation=True,
        store=True,
        tool_choice="auto",
        parallel_tool_calls=True,
        text={"format": {"type": "text"}, "verbosity": "medium"},
        truncation="disabled",
    )


def test_null_is_left_out() -> None:
    nothing: Any = dict.fromkeys(name for name in CreateRequest.__slots__ if name not in ("model", "input", "warnings"))
    assert create(**nothing, foo=None) == create()


def test_an_integer_is_a_decimal_and_is_kept_as_one() -> None:
    request = create(temperature=1, top_p=0)
    assert (repr(request.temperature), repr(request.top_p)) == ("1.0", "0.0")


def test_every_field_is_read() -> None:
    same: dict[str, Any] = {
        "instructions": "i",
        "previous_response_id": "resp_1",
        "background": True,
        "stream": True,
        "store": True,
        "parallel_tool_calls": False,
        "max_output_tokens": 16,
        "max_tool_calls": 2,
        "temperature": 0.5,
        "top_p": 0.25,
        "top_logprobs": 20,
        "frequency_penalty": 2.0,
        "presence_penalty": -2.0,
        "truncation": "auto",
        "metadata": {"k": "v"},
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "p",
        "prompt_cache_retention": "24h",
        "service_tier": "flex",
        "prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}},
        "reasoning": {"effort": "high", "summary": "auto"},
    }
    request = create(**same, include=["reasoning.encrypted_content"], stream_options={"include_obfuscation": False})
    assert {name: getattr(request, name) for name in same} == same
    assert request.include == ("reasoning.encrypted_content",)
    assert request.include_obfuscation is False
    assert request.warnings == ()


@pytest.mark.parametrize("value", ["conv_1", {"id": "conv_1"}])
def test_a_conversation_is_its_id(value: Any) -> None:
    assert create(conversation=value, input=None).conversation == "conv_1"


@pytest.mark.parametrize("field", [{"previous_response_id": "resp_1"}, {"prompt": {"id": "p"}}])
@pytest.mark.parametrize("nothing", [None, "", []])
def test_input_may_be_left_out_where_something_else_brings_it(field: Any, nothing: Any) -> None:
    assert create(input=nothing, **field).input == []


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ({"type": "text"}, {"type": "text"}),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"schema": {"type": "object"}, "name": "n", "type": "json_schema", "strict": True},
            {
                "type": "json_schema",
                "description": None,
                "name": "n",
                "schema": {"type": "object"},
                "strict": True,
            },
        ),
    ],
)
def test_a_text_format_is_echoed_in_the_service_s_order(sent: Any, echoed: Any) -> None:
    text = create(text={"format": sent}).text
    assert orjson.dumps(text) == orjson.dumps({"format": echoed, "verbosity": "medium"})


@pytest.mark.parametrize("sent", ["in-memory", "in_memory"])
def test_a_retention_in_memory_has_one_spelling(sent: str) -> None:
    body = {"model": "gpt-4o", "input": "x", "prompt_cache_retention": sent}
    assert parse_create(orjson.dumps(body)).prompt_cache_retention == "in_memory"


def test_later_parameters_are_accepted_without_a_word() -> None:
    later = (
        "moderation",
        "background_options",
        "prompt_cache_options",
        "access_programs",
    )
    assert create(**{name: {"x": 1} for name in (*later, "image")}, strict=True).warnings == ()


UNKNOWN = [
    ({"foo": 1}, "foo"),
    ({"text": {"foo": 1}}, "text.foo"),
    ({"text": {"format": {"type": "text", "foo": 1}}}, "text.format.foo"),
    ({"reasoning": {"foo": 1}}, "reasoning.foo"),
    ({"stream": True, "stream_options": {"foo": 1}}, "stream_options.foo"),
    ({"tools": [{**FUNCTION, "foo": 1}]}, "tools[0].foo"),
    ({"tools": [FUNCTION], "tool_choice": {**FUNCTION, "foo": 1}}, "tool_choice.foo"),
    ({"prompt": {"id": "p", "foo": 1}}, "prompt.foo"),
    ({"input": [{"role": "user", "content": "x", "foo": 1}]}, "input[0].foo"),
]


@pytest.mark.parametrize(("fields", "path"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
def test_an_unknown_field_is_a_warning_or_if_strict_an_error(fields: Any, path: str) -> None:
    assert create(**fields).warnings == (f"unknown_parameter: {path}",)
    text = f"Unknown parameter: '{path}'."
    answer = refused(orjson.dumps({**BODY, **fields}), strict=True)
    assert answer == (400, "unknown_parameter", path, text)


def test_a_warning_fits_into_a_header() -> None:
    odd: Any = {"a\r\nä": 1}
    assert create(**odd).warnings == (r"unknown_parameter: a\r\n\xe4",)


def test_counting_tokens_knows_fewer_fields() -> None:
    raw = orjson.dumps({**BODY, "tools": [FUNCTION], "stream": "nonsense"})
    request = parse_input_tokens(raw)
    assert (request.stream, request.warnings) == (False, ("unknown_parameter: stream",))
    with pytest.raises(ApiError, match="Unknown parameter: 'stream'") as caught:
        parse_input_tokens(raw, strict=True)
    assert caught.value.param == "stream"
    with pytest.raises(ApiError, match="Missing required parameter: 'model'"):
        parse_input_tokens(b'{"input": "x"}')
