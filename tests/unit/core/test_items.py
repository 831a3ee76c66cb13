"""Items as they are stored and listed, and the output items that an SDK sends back."""

from itertools import count
from typing import Any

import orjson
import pytest
from openai.types import responses as sdk

from emulator.core.item_types import ITEM_TYPES
from emulator.core.items import ITEM_PREFIXES, hide, normalise
from emulator.core.requests import parse_create
from emulator.core.validation import check_id

PNG = "data:image/png;base64,aGk="


def stored(item: dict[str, Any]) -> dict[str, Any]:
    numbers = count(1)
    return normalise(item, lambda prefix: f"{prefix}{next(numbers)}")


def sent_back(*items: Any) -> list[dict[str, Any]]:
    body = {"model": "m", "input": [item.model_dump() for item in items]}
    request = parse_create(orjson.dumps(body), strict=True)
    return [stored(item) for item in request.input]


Rows = list[tuple[dict[str, Any], dict[str, Any]]]
MESSAGES: Rows = [
    (
        {"role": "user", "content": "hi"},
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "content": [{"type": "input_text", "text": "hi"}],
            "role": "user",
        },
    ),
    (
        {
            "type": "message",
            "role": "assistant",
            "content": "hi",
            "id": "msg_x",
            "status": None,
            "phase": None,
        },
        {
            "id": "msg_x",
            "type": "message",
            "status": "completed",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "hi"}],
            "role": "assistant",
        },
    ),
    (
        {
            "role": "user",
            "status": "incomplete",
            "content": [{"type": "input_image", "image_url": PNG, "file_id": None, "detail": None}],
        },
        {
            "id": "msg_1",
            "type": "message",
            "status": "incomplete",
            "content": [{"detail": "auto", "type": "input_image", "image_url": PNG}],
            "role": "user",
        },
    ),
    (
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}], "phase": "final_answer"},
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "content": [{"type": "refusal", "refusal": "no"}],
            "role": "assistant",
            "phase": "final_answer",
        },
    ),
]
OTHERS: Rows = [
    (
        {"output": "x", "call_id": "c", "type": "function_call_output"},
        {"id": "fco_1", "type": "function_call_output", "output": "x", "call_id": "c", "status": "completed"},
    ),
    (
        {"type": "reasoning", "summary": [], "encrypted_content": "x"},
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "x"},
    ),
    (
        {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "id": "apc_9"},
        {"id": "apc_9", "type": "apply_patch_call_output", "call_id": "c", "status": "failed"},
    ),
    (
        {"type": "local_shell_call_output", "id": "call_1", "output": "x"},
        {"id": "call_1", "type": "local_shell_call_output", "output": "x", "call_id": "call_1"},
    ),
    ({"type": "item_reference", "id": "rs_1"}, {"id": "rs_1", "type": "item_reference"}),
    ({"id": "rs_1"}, {"id": "rs_1", "type": "item_reference"}),
]


@pytest.mark.parametrize(("item", "expected"), MESSAGES + OTHERS)
def test_an_item_is_stored_in_its_listed_form(item: dict[str, Any], expected: dict[str, Any]) -> None:
    before = orjson.dumps(item)
    assert orjson.dumps(stored(item)) == orjson.dumps(expected)
    assert orjson.dumps(item) == before


@pytest.mark.parametrize(("item", "expected"), MESSAGES + OTHERS)
def test_storing_a_stored_item_changes_nothing(item: dict[str, Any], expected: dict[str, Any]) -> None:
    assert stored(stored(item)) == expected


@pytest.mark.parametrize("kind", sorted(ITEM_TYPES))
def test_an_id_that_is_made_is_one_that_is_accepted(kind: str) -> None:
    check_id(f"{ITEM_PREFIXES[kind]}1", ITEM_TYPES[kind].accepts, "id")


def test_output_items_of_the_sdk_are_taken_back() -> None:
    text = sdk.ResponseOutputText(annotations=[], text="hi", type="output_text", logprobs=None)
    summary = [{"type": "summary_text", "text": "s"}]
    items = sent_back(
        sdk.ResponseReasoningItem.model_validate({"id": "rs_1", "summary": summary, "type": "reasoning"}),
        sdk.ResponseOutputMessage(id="msg_1", content=[text], role="assistant", status="completed", type="message"),
        sdk.ParsedResponseFunctionToolCall(
            id="fc_1",
            call_id="call_1",
            name="f",
            arguments="{}",
            type="function_call",
            parsed_arguments={"a": 1},
        ),
        sdk.ResponseFunctionToolCall(call_id="call_2", name="f", arguments="{}", type="function_call"),
        sdk.ResponseCustomToolCall(call_id="call_3", input="x", name="c", type="custom_tool_call"),
        sdk.ResponseCodeInterpreterToolCall(
            id="ci_1", container_id="cntr_1", status="completed", type="code_interpreter_call"
        ),
        sdk.response_output_item.McpListTools(id="mcpl_1", server_label="s", tools=[], type="mcp_list_tools"),
        sdk.response_output_item.McpCall(id="mcp_1", arguments="{}", name="t", server_label="s", type="mcp_call"),
        sdk.response_output_item.McpApprovalRequest(
            id="mcpr_1", arguments="{}", name="t", server_label="s", type="mcp_approval_request"
        ),
        sdk.response_output_item.ImageGenerationCall(
            id="ig_1", status="completed", result="aGk=", type="image_generation_call"
        ),
    )
    assert [item["id"] for item in items[:3]] == ["rs_1", "msg_1", "fc_1"]
    assert items[1]["content"] == [{"type": "output_text", "annotations": [], "logprobs": [], "text": "hi"}]
    assert "parsed_arguments" not in items[2]
    assert items[3]["id"] == "fc_1"
    assert items[3]["status"] == "completed"


IMAGE = {"type": "input_image", "detail": "auto", "image_url": PNG}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "content": [{"type": "input_text", "text": "x"}, IMAGE],
    "role": "user",
}
SCREENSHOT = {
    "id": "cuo_1",
    "type": "computer_call_output",
    "output": {"type": "computer_screenshot", "image_url": PNG},
}
CODE = {"id": "ci_1", "type": "code_interpreter_call", "outputs": [{"type": "logs", "logs": "x"}]}


@pytest.mark.parametrize(
    ("item", "include", "hidden"),
    [
        (
            MESSAGE,
            "message.input_image.image_url",
            {**MESSAGE, "content": [MESSAGE["content"][0], {**IMAGE, "image_url": None}]},
        ),
        (
            SCREENSHOT,
            "computer_call_output.output.image_url",
            {**SCREENSHOT, "output": {"type": "computer_screenshot", "image_url": None}},
        ),
        (CODE, "code_interpreter_call.outputs", {**CODE, "outputs": None}),
    ],
)
def test_what_is_heavy_is_listed_only_when_it_is_asked_for(item: Any, include: str, hidden: Any) -> None:
    assert hide([item], ()) == [hidden]
    assert hide([item], (include,)) == [item]


@pytest.mark.parametrize(
    "item",
    [
        {**MESSAGE, "content": [{**IMAGE, "image_url": "https://example.com/a.png"}]},
        {**MESSAGE, "content": [{"type": "input_image", "file_id": "file-1"}]},
        {**SCREENSHOT, "output": "not an object"},
        {"id": "fc_1", "type": "function_call"},
    ],
)
def test_what_is_light_is_always_listed(item: Any) -> None:
    assert hide([item], ()) == [item]
