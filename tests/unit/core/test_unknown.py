"""Unknown fields at every depth: in compatible validation they are named and break nothing, strict refuses them."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.errors import ApiError
from emulator.core.item_types import ITEM_TYPES
from emulator.core.requests import parse_create, parse_input_tokens
from emulator.core.tool_params import TOOLS

IMAGE = {"type": "input_image", "image_url": "https://example.com/a.png"}
FILE = {"type": "input_file", "file_id": "file-1"}
TEXT = {"type": "input_text", "text": "x"}
SAID = {"type": "output_text", "text": "x", "annotations": [], "logprobs": []}
USER = {"role": "user", "content": [TEXT, IMAGE, FILE]}
COMPARED = {"type": "eq", "key": "k", "value": 1}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
TOOL_FIELDS: dict[str, Any] = {
    "function": FUNCTION,
    "custom": {"name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
    "code_interpreter": {"container": {"type": "auto", "file_ids": []}},
    "file_search": {
        "vector_store_ids": ["vs_1"],
        "filters": {"type": "and", "filters": [COMPARED]},
        "ranking_options": {"ranker": "auto"},
    },
    "mcp": {
        "server_label": "m",
        "server_url": "https://example.com/mcp",
        "allowed_tools": {"tool_names": ["t"]},
        "require_approval": {"always": {"tool_names": ["t"]}, "never": {"read_only": True}},
    },
    "image_generation": {"input_image_mask": {"image_url": "https://example.com/a.png"}},
    "computer_use_preview": {"display_width": 1, "display_height": 1, "environment": "browser"},
    "namespace": {"name": "n", "description": "d", "tools": [FUNCTION]},
    **{kind: {"user_location": {"city": "Oslo"}} for kind in TOOLS if kind.startswith("web_search")},
}
ITEMS: list[dict[str, Any]] = [
    USER,
    {"type": "message", "role": "assistant", "content": [SAID, {"type": "refusal", "refusal": "no"}]},
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": [TEXT]},
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}], "encrypted_content": "x"},
    {
        "type": "computer_call_output",
        "call_id": "c2",
        "output": {"type": "computer_screenshot", "image_url": "https://example.com/a.png"},
        "acknowledged_safety_checks": [{"id": "sc_1"}],
    },
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    {"type": "web_search_call", "action": {"type": "search"}, "status": "completed"},
    {"type": "item_reference", "id": "msg_1"},
    {"id": "msg_2"},
]
BODIES: list[dict[str, Any]] = [
    {"model": "gpt-4o", "input": "x", "metadata": {"k": "v"}, "store": False},
    {"model": "gpt-4o", "input": ITEMS},
    {"model": "gpt-4o", "input": "x", "tools": [{"type": kind, **TOOL_FIELDS.get(kind, {})} for kind in TOOLS]},
    {
        "model": "o3",
        "input": [USER],
        "stream": True,
        "stream_options": {"include_obfuscation": True},
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
        "prompt": {"id": "p", "variables": {"k": "v", "t": TEXT, "n": None}},
        "conversation": {"id": "conv_1"},
        "tools": [FUNCTION],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    },
    {"model": "gpt-4o", "input": "x", "tools": [FUNCTION], "tool_choice": {"type": "function", "name": "f"}},
    {"model": "gpt-4o", "input": "x", "text": {"format": {"type": "text"}}},
]
# Objects in which everything is allowed: they belong to the application, or to a version of an item that is newer.
FREE = {"metadata", "parameters", "schema", "action", "tool_choice.tools"}


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a body whose fields are known, with its path."""
    if path.rpartition(".")[2] in FREE or path.partition("[")[0] in FREE:
        return
    if isinstance(value, dict):
        if path != "prompt.variables":  # their names are the application's own
            yield path, value
        for name, held in value.items():
            yield from objects(held, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from objects(one, f"{path}[{number}]")


PLACES = [(number, path) for number, body in enumerate(BODIES) for path, _ in objects(body)]
new_names = st.from_regex(r"\Azz_[a-z]{0,8}\Z")
values = st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=5), st.just({"a": [1]}), st.just([{}]))


def test_the_bodies_have_every_tool_and_the_places_are_many():
    assert {tool["type"] for tool in BODIES[2]["tools"]} == set(TOOLS)
    assert {item["type"] for item in ITEMS if "type" in item} <= set(ITEM_TYPES)
    assert len(PLACES) > 60


@pytest.mark.parametrize("body", BODIES)
def test_nothing_of_a_known_body_is_unknown(body):
    assert parse_create(orjson.dumps(body), strict=True).warnings == ()


@settings(max_examples=300)
@given(place=st.sampled_from(PLACES), name=new_names, value=values)
def test_one_unknown_field_anywhere_is_named_and_strict_refuses_it(place, name, value):
    number, path = place
    body = orjson.loads(orjson.dumps(BODIES[number]))
    dict(objects(body))[path][name] = value
    where = f"{path}.{name}".removeprefix(".")
    raw = orjson.dumps(body)
    assert parse_create(raw).warnings == (f"unknown_parameter: {where}",)
    with pytest.raises(ApiError) as caught:
        parse_create(raw, strict=True)
    assert (caught.value.name, caught.value.param) == ("unknown_parameter", where)


def test_null_is_the_same_as_left_out():
    for body in orjson.loads(orjson.dumps(BODIES)):
        for _, found in objects(body):
            found["zz"] = None
        assert parse_create(orjson.dumps(body), strict=True).warnings == ()


def test_all_of_several_are_named_in_the_order_of_the_body():
    body = {"model": "gpt-4o", "zz": 1, "input": [{**USER, "zz": 1, "content": [{**TEXT, "zz": 1}]}], "yy": 1}
    named = [text.removeprefix("unknown_parameter: ") for text in parse_create(orjson.dumps(body)).warnings]
    assert named == ["zz", "input[0].zz", "input[0].content[0].zz", "yy"]


def test_counting_tokens_knows_fewer_fields_and_looks_as_deep():
    body = {"model": "gpt-4o", "input": [{**USER, "content": [{**TEXT, "zz": 1}]}], "temperature": 1}
    named = parse_input_tokens(orjson.dumps(body)).warnings
    assert named == ("unknown_parameter: input[0].content[0].zz", "unknown_parameter: temperature")
