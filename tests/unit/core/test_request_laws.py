"""No body, whatever is in it, raises anything but an ApiError."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import ApiError
from emulator.core.requests import CreateRequest, parse_create
from tests.unit.core.answers import (
    BODY,
    CALL,
    FUNCTION,
    OUTPUT,
    PNG,
    SEARCH,
    message,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["function", "message", "user", "assistant", "input_text", "json_schema", PNG, "mcp"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "id", "role", "content", "name", "input", "format", "tools", "call_id", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
WHOLE = {
    **BODY,
    "input": [
        message({"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": PNG}),
        CALL,
        OUTPUT,
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    ],
    "tools": [FUNCTION, {"type": "mcp", "server_label": "s", "server_url": "u"}, SEARCH],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [FUNCTION]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
    "reasoning": {"effort": "low"},
    "metadata": {"k": "v"},
    "stream": True,
    "stream_options": {"include_obfuscation": True},
}


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [spot for key, held in children for spot in ((*path, key), *spots(held, (*path, key)))]


def tried(raw: bytes) -> None:
    for strict in (False, True):
        try:
            orjson.dumps(parse_create(raw, strict=strict).input)
        except ApiError as error:
            assert error.message  # noqa: PT017 (the message must be complete, not of a certain kind)


@given(raw=st.binary(max_size=40) | JSON.map(orjson.dumps))
def test_no_body_raises_anything_but_an_api_error(raw: bytes) -> None:
    tried(raw)


@given(fields=st.dictionaries(st.sampled_from(CreateRequest.__slots__), JSON, max_size=4))
def test_no_field_raises_anything_but_an_api_error(fields: dict[str, Any]) -> None:
    tried(orjson.dumps({**BODY, **fields}))


@given(spot=st.sampled_from(spots(WHOLE)), value=JSON | st.just("delete"))
def test_no_change_to_a_good_body_raises_anything_but_an_api_error(spot: tuple[Any, ...], value: Any) -> None:
    body = orjson.loads(orjson.dumps(WHOLE))
    parent = body
    for step in spot[:-1]:
        parent = parent[step]
    if value == "delete":
        del parent[spot[-1]]
    else:
        parent[spot[-1]] = value
    tried(orjson.dumps(body))


def test_the_body_that_is_changed_is_good_itself() -> None:
    assert parse_create(orjson.dumps(WHOLE), strict=True).warnings == ()
