"""What a body of the conversations API may say; no body raises anything but an ApiError."""

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.conversation_params import Asked, parse_change, parse_conversation, parse_items
from emulator.core.errors import ApiError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "x"]), "content": JSON},
        optional={"type": st.sampled_from(["message", "reasoning", "item_reference"]), "id": JSON},
    ),
    max_size=3,
)
BODIES = st.dictionaries(st.sampled_from(["items", "metadata", "x"]), JSON | ITEMS, max_size=3)


def test_a_body_has_defaults() -> None:
    assert parse_conversation(b"") == parse_conversation(b"{}") == parse_conversation(b'{"items": null}') == Asked()
    assert parse_change(b'{"metadata": null}') == Asked()


def test_items_get_the_type_that_they_left_out() -> None:
    asked = parse_items(b'{"items": [{"role": "user", "content": "x"}, {"id": "msg_1"}]}')
    assert [item["type"] for item in asked.items] == ["message", "item_reference"]


def test_twenty_items_are_the_most() -> None:
    item = {"role": "user", "content": "x"}
    assert len(parse_items(orjson.dumps({"items": [item] * 20})).items) == 20
    for parse in (parse_items, parse_conversation):
        with pytest.raises(ApiError) as caught:
            parse(orjson.dumps({"items": [item] * 21}))
        assert (caught.value.name, caught.value.param) == ("array_above_max_length", "items")


@given(body=BODIES, strict=st.booleans())
def test_no_body_raises_anything_but_an_api_error(body: dict[str, Any], strict: bool) -> None:
    for parse in (parse_conversation, parse_change, parse_items):
        with suppress(ApiError):
            parse(json.dumps(body).encode(), strict=strict)
