"""Query parameters: one row per rule, with the exact answer."""

from typing import Any

import pytest

from emulator.core.errors import ApiError
from emulator.core.requests import (
    ListQuery,
    RetrieveQuery,
    check_response_id,
    parse_list_query,
    parse_retrieve_query,
)

INCLUDES = (
    "'file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources', "
    "'message.input_image.image_url', 'computer_call_output.output.image_url', "
    "'code_interpreter_call.outputs', 'reasoning.encrypted_content', and 'message.output_text.logprobs'"
)
NO_INTEGER = "Invalid type for '{0}': expected an integer, but got a string instead."
BAD_CHARACTERS = (
    "Invalid 'after': 'msg_\0'. Expected an ID that contains letters, numbers, underscores, or dashes, "
    "but this value contained additional characters."
)


def below(name: str, limit: int, got: str) -> str:
    return f"Invalid '{name}': integer below minimum value. Expected a value >= {limit}, but got {got} instead."


def above(name: str, limit: int, got: str) -> str:
    return f"Invalid '{name}': integer above maximum value. Expected a value <= {limit}, but got {got} instead."


def test_a_list_has_the_service_s_defaults() -> None:
    assert parse_list_query([]) == ListQuery(20, "desc", None, None, ())
    assert parse_list_query([], default=10_000, max_limit=10_000).limit == 10_000


def test_every_parameter_of_a_list_is_read() -> None:
    pairs = [
        ("limit", "100"),
        ("order", "asc"),
        ("after", "msg_1"),
        ("before", "assistant-1"),
        ("include[]", "code_interpreter_call.outputs"),
        ("include", "message.input_image.image_url"),
        ("api-version", "preview"),
    ]
    include = ("code_interpreter_call.outputs", "message.input_image.image_url")
    assert parse_list_query(pairs) == ListQuery(100, "asc", "msg_1", "assistant-1", include)


@pytest.mark.parametrize(
    ("pair", "code", "param", "message"),
    [
        (("limit", "x"), "invalid_type", "limit", NO_INTEGER.format("limit")),
        (("limit", "1.5"), "invalid_type", "limit", NO_INTEGER.format("limit")),
        (("limit", "٣"), "invalid_type", "limit", NO_INTEGER.format("limit")),
        (("limit", "0"), "integer_below_min_value", "limit", below("limit", 1, "0")),
        (("limit", "-5"), "integer_below_min_value", "limit", below("limit", 1, "-5")),
        (("limit", "101"), "integer_above_max_value", "limit", above("limit", 100, "101")),
        (("limit", "9" * 5000), "integer_above_max_value", "limit", above("limit", 100, "9" * 5000)),
        (("limit", "-" + "9" * 50), "integer_below_min_value", "limit", below("limit", 1, "-" + "9" * 50)),
        (
            ("order", "x"),
            "invalid_value",
            "order",
            "Invalid value: 'x'. Supported values are: 'asc' and 'desc'.",
        ),
        (("after", "msg_\0"), "invalid_value", "after", BAD_CHARACTERS),
        (
            ("include[]", "x"),
            "invalid_value",
            "include[0]",
            f"Invalid value: 'x'. Supported values are: {INCLUDES}.",
        ),
    ],
)
def test_a_bad_list_parameter_is_answered_as_the_service_does(pair: Any, code: str, param: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_list_query([pair])
    error = caught.value
    assert (error.row.status, error.row.code, error.param, error.message) == (400, code, param, message)


def test_a_response_is_read_as_json_by_default() -> None:
    assert parse_retrieve_query([]) == RetrieveQuery(False, None, True, ())


def test_every_parameter_of_a_retrieve_is_read() -> None:
    pairs = [
        ("stream", "True"),
        ("starting_after", "42"),
        ("include_obfuscation", "false"),
        ("include[]", "message.output_text.logprobs"),
    ]
    assert parse_retrieve_query(pairs) == RetrieveQuery(True, 42, False, ("message.output_text.logprobs",))


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_boolean_may_be_a_word_or_a_digit(text: str, value: bool) -> None:
    assert parse_retrieve_query([("stream", text)]).stream is value


@pytest.mark.parametrize(
    ("pair", "code", "param", "message"),
    [
        (("starting_after", "x"), "invalid_type", "starting_after", NO_INTEGER.format("starting_after")),
        (
            ("starting_after", "-1"),
            "integer_below_min_value",
            "starting_after",
            below("starting_after", 0, "-1"),
        ),
        (
            ("stream", "yes"),
            "invalid_type",
            "stream",
            "Invalid type for 'stream': expected a boolean, but got a string instead.",
        ),
        (
            ("include[]", "reasoning.encrypted_content"),
            None,
            "include",
            "Encrypted content cannot be requested for persisted responses.",
        ),
        (
            ("include", "x"),
            "invalid_value",
            "include[0]",
            f"Invalid value: 'x'. Supported values are: {INCLUDES}.",
        ),
    ],
)
def test_a_bad_retrieve_parameter_is_answered_as_the_service_does(
    pair: Any, code: str | None, param: str, message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        parse_retrieve_query([pair])
    error = caught.value
    assert (error.row.status, error.row.code, error.param, error.message) == (400, code, param, message)


def test_a_response_id_begins_with_resp_and_has_plain_characters() -> None:
    check_response_id("resp_67cb61fa3a448190bcf2c42d96f0d1a8")
    with pytest.raises(ApiError, match="Invalid 'response_id': 'x'"):
        check_response_id("x")
    with pytest.raises(ApiError, match="additional characters"):
        check_response_id("resp_a/b")
