"""No body, whatever is in it, raises anything but an ApiError."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import requests
from emulator.core.errors import ApiError
from emulator.core.request_memo import LONGEST, MOST, Memo
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


TURN = ("input", "previous_response_id", "conversation")
# Items that bring tools, right and wrong.
BRINGING = [
    [{"type": "additional_tools", "role": "developer", "tools": tools}]
    for tools in ([FUNCTION], [], 5, None, True, [{}], [{"type": "mcp", "server_label": "s", "server_url": "u"}])
]
TURNS = [spot for spot in spots(WHOLE) if spot[0] == "input"]


# A body with an MCP server is not remembered.
PLAIN = {**WHOLE, "tools": [FUNCTION, SEARCH]}


def outcome(raw: bytes, *, strict: bool) -> object:
    try:
        return parse_create(raw, strict=strict)
    except ApiError as error:
        return (error.name, error.param, error.message)


@given(
    spot=st.sampled_from([*TURNS, *[(name,) for name in TURN]]),
    value=JSON | st.sampled_from(["delete", "resp_1", "conv_1", "hello", {"id": "conv_2"}, *BRINGING]),
    strict=st.booleans(),
)
def test_what_is_remembered_of_a_body_says_the_same_as_reading_it(
    spot: tuple[Any, ...], value: Any, strict: bool
) -> None:
    body = orjson.loads(orjson.dumps(PLAIN))
    outcome(orjson.dumps(body), strict=True)
    assert requests._KNOWN._known  # from here on it is remembered
    parent = body
    for step in spot[:-1]:
        parent = parent[step]
    if value == "delete":
        parent.pop(spot[-1], None) if isinstance(parent, dict) else parent.pop(spot[-1])
    else:
        parent[spot[-1]] = value
    raw = orjson.dumps(body)
    again = [outcome(raw, strict=strict) for _ in range(2)]
    requests._KNOWN = Memo()
    assert again == [outcome(raw, strict=strict)] * 2


def test_a_body_is_remembered_but_for_its_turn() -> None:
    requests._KNOWN = Memo()
    first = parse_create(orjson.dumps({**BODY, "metadata": {"k": "v"}, "input": "one"}))
    second = parse_create(orjson.dumps({**BODY, "metadata": {"k": "v"}, "input": "two"}))
    assert second.metadata is first.metadata
    assert second.input != first.input


def test_what_may_hold_a_secret_or_is_unknown_is_not_remembered() -> None:
    mcp = {"type": "mcp", "server_label": "s", "server_url": "https://user:secret@host"}
    for fields in ({"tools": [mcp]}, {"unheard_of": 1}):
        requests._KNOWN = Memo()
        parse_create(orjson.dumps({**BODY, **fields}))
        assert requests._KNOWN._known == {}


def test_the_memo_is_bounded() -> None:
    memo = Memo()
    memo.keep(b"x" * (LONGEST + 1), ("long",))
    assert memo.get(b"x" * (LONGEST + 1)) is None
    for number in range(MOST + 1):
        memo.keep(b"%d" % number, (number,))
    assert memo.get(b"%d" % MOST) == (MOST,)
    assert memo.get(b"0") is None
