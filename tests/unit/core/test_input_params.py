"""The errors of input items and their parts: one row per rule, with the exact answer."""

import base64
import subprocess
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import media
from tests.unit.core.answers import (
    BODY,
    CALL,
    OUTPUT,
    PNG,
    TEXT_OR_PARTS,
    characters,
    choice,
    create,
    length,
    message,
    missing,
    prefix,
    refused,
    wrong,
)

IMAGE_HINT = (
    "Expected a base64-encoded data URL with an image MIME type "
    "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got "
)
NOT_FILE_DATA = (
    "Invalid 'input[0].content[0].file_data'. Expected a base64-encoded data URL (e.g. "
    "'data:application/pdf;base64,...') or base64 data, but got a value with an invalid format."
)
NOT_BASE64 = "a value without the 'base64' encoding or with invalid base64 data."
PART = "input[0].content[0]"
URL = f"{PART}.image_url"
ROLES = "'assistant', 'system', 'developer', and 'user'"
NOT_URL = f"Invalid '{URL}'. Expected a valid URL, but got a value with an invalid format."


SCREEN = {"type": "computer_screenshot", "image_url": PNG}


def image(url: Any) -> dict[str, Any]:
    return message({"type": "input_image", "image_url": url})


def file(**fields: Any) -> dict[str, Any]:
    return message({"type": "input_file", **fields})


ITEMS = [
    (3, wrong("input[0]", "an object", "an integer")),
    ({}, missing("input[0].type")),
    ({"id": "x", "text": "y"}, missing("input[0].type")),
    ({"type": 1}, wrong("input[0].type", "a string", "an integer")),
    ({"role": "tool", "content": ""}, choice("input[0].role", "tool", ROLES)),
    ({"role": "user"}, missing("input[0].content")),
    ({"role": "user", "content": None}, wrong("input[0].content", TEXT_OR_PARTS, "null")),
    ({"role": "user", "content": "x", "id": "m"}, prefix("input[0].id", "m", "msg")),
    ({"role": "user", "content": "x", "id": "msg_\0"}, characters("input[0].id", "msg_\0")),
    ({"role": "user", "content": "x", "id": "msg_" + "1" * 61}, length("input[0].id", "above_max", 64, 65)),
    (message("x"), wrong(PART, "an object", "a string")),
    (message({}), missing(f"{PART}.type")),
    (message({"type": "input_text"}), missing(f"{PART}.text")),
    (
        message({"type": "input_text", "text": "x"}, role="assistant"),
        choice(PART, "input_text", "'output_text' and 'refusal'"),
    ),
    (
        message({"type": "output_text", "text": "x"}),
        choice(PART, "output_text", "'input_text', 'input_image', and 'input_file'"),
    ),
    (message({"type": "refusal"}, role="assistant"), missing(f"{PART}.refusal")),
    (image(None), missing(URL)),
    (image({"url": PNG}), wrong(URL, "a string", "an object")),
    (image("<image_URL>"), ("invalid_value", URL, NOT_URL)),
    (image("https://"), ("invalid_value", URL, NOT_URL)),
    (image("https://?a"), ("invalid_value", URL, NOT_URL)),
    (image("https://a b"), ("invalid_value", URL, NOT_URL)),
    (image("https://" + "a" * 19_993), ("invalid_value", URL, NOT_URL)),
    (
        image("data:text/markdown;base64,aGk="),
        ("invalid_value", URL, f"Invalid '{URL}'. {IMAGE_HINT}unsupported MIME type 'text/markdown'."),
    ),
    (image("data:image/png,aGk="), ("invalid_base64_image", URL, f"Invalid '{URL}'. {IMAGE_HINT}{NOT_BASE64}")),
    (image("data:image/png;base64,"), ("empty_image_file", URL, f"Invalid '{URL}': it is empty.")),
    (image("data:image/png;base64,?"), ("invalid_base64_image", URL, f"Invalid '{URL}'. {IMAGE_HINT}{NOT_BASE64}")),
    (
        message({"type": "input_image", "image_url": PNG, "detail": "x"}),
        choice(f"{PART}.detail", "x", "'auto', 'low', 'high', and 'original'"),
    ),
    (file(), missing(f"{PART}.file_id")),
    (file(file_data="aGk="), missing(f"{PART}.filename")),
    (
        file(file_data="?", filename="a.pdf"),
        (
            "invalid_value",
            f"{PART}.file_data",
            NOT_FILE_DATA,
        ),
    ),
    (
        file(file_url="ftp://x"),
        (
            "invalid_value",
            f"{PART}.file_url",
            f"Invalid '{PART}.file_url'. Expected a valid URL, but got a value with an invalid format.",
        ),
    ),
    (
        file(file_url="https://" + "a" * 19_993),
        (
            "invalid_value",
            f"{PART}.file_url",
            f"Invalid '{PART}.file_url'. Expected a valid URL, but got a value with an invalid format.",
        ),
    ),
    ({"type": "function_call", "call_id": "call_1", "name": "f"}, missing("input[0].arguments")),
    ({**CALL, "arguments": None}, wrong("input[0].arguments", "a string", "null")),
    ({**CALL, "id": "x"}, prefix("input[0].id", "x", "fc")),
    ({**CALL, "call_id": "c" * 65}, length("input[0].call_id", "above_max", 64, 65)),
    ({**CALL, "call_id": ""}, length("input[0].call_id", "below_min", 1, 0)),
    ({**CALL, "call_id": "c\0"}, characters("input[0].call_id", "c\0")),
    (
        {**CALL, "status": "x"},
        choice("input[0].status", "x", "'in_progress', 'completed', and 'incomplete'"),
    ),
    ({"type": "function_call_output", "output": "x"}, missing("input[0].call_id")),
    ({**OUTPUT, "output": {}}, wrong("input[0].output", TEXT_OR_PARTS, "an object")),
    (
        {**OUTPUT, "output": [{"type": "refusal"}]},
        choice("input[0].output[0]", "refusal", "'input_text', 'input_image', and 'input_file'"),
    ),
    ({"type": "custom_tool_call", "call_id": "c", "name": "f"}, missing("input[0].input")),
    ({"type": "custom_tool_call_output", "call_id": "c"}, missing("input[0].output")),
    ({"type": "reasoning", "id": "rs_1"}, missing("input[0].summary")),
    ({"type": "reasoning", "id": "x", "summary": []}, prefix("input[0].id", "x", "rs")),
    (
        {"type": "reasoning", "summary": [{"type": "x", "text": ""}]},
        choice("input[0].summary[0].type", "x", "'summary_text'"),
    ),
    ({"type": "item_reference"}, missing("input[0].id")),
    ({"type": "mcp_approval_response", "approve": True}, missing("input[0].approval_request_id")),
    (
        {"type": "mcp_approval_response", "approve": "yes", "approval_request_id": "mcpr_1"},
        wrong("input[0].approve", "a boolean", "a string"),
    ),
    (
        {"type": "computer_call_output", "call_id": [], "output": {}},
        wrong("input[0].call_id", "a string", "an array"),
    ),
    ({"type": "computer_call_output", "call_id": "\0", "output": {}}, characters("input[0].call_id", "\0")),
    (
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
        missing("input[0].output.image_url"),
    ),
    ({"type": "computer_call_output", "call_id": "c", "output": {}}, missing("input[0].output.type")),
    (
        {"type": "computer_call_output", "call_id": "c", "output": {**SCREEN, "image_url": "nowhere"}},
        ("invalid_value", "input[0].output.image_url", NOT_URL.replace(URL, "input[0].output.image_url")),
    ),
    (
        {"type": "computer_call_output", "call_id": "c", "output": SCREEN, "acknowledged_safety_checks": [{}]},
        missing("input[0].acknowledged_safety_checks[0].id"),
    ),
    (
        {"type": "computer_call", "call_id": "c", "status": "completed", "pending_safety_checks": "x"},
        wrong("input[0].pending_safety_checks", "an array", "a string"),
    ),
    (
        {"type": "compaction", "encrypted_content": "x", "id": 1},
        wrong("input[0].id", "a string", "an integer"),
    ),
    ({"type": "local_shell_call_output", "output": "x"}, missing("input[0].call_id")),
]


@pytest.mark.parametrize(("item", "answer"), ITEMS, ids=[str(row[0])[:60] for row in ITEMS])
def test_a_bad_item_is_answered_as_the_service_does(item: Any, answer: Any) -> None:
    assert refused(orjson.dumps({**BODY, "input": [item]})) == (400, *answer)


def test_the_path_of_an_error_counts_from_zero() -> None:
    items = [
        message(),
        message({"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": "x"}),
    ]
    assert refused(orjson.dumps({**BODY, "input": items}))[2] == "input[1].content[1].image_url"


def test_an_id_that_comes_twice_is_a_duplicate() -> None:
    items = [{"id": "rs_1"}, {"type": "reasoning", "id": "rs_1", "summary": []}]
    text = "Duplicate item found with id rs_1. Remove duplicate items from your input and try again."
    assert refused(orjson.dumps({**BODY, "input": items})) == (400, None, "input", text)


def test_a_url_may_be_long_but_not_endless() -> None:
    url = "https://" + "a" * 19_992
    create(input=[image(url), file(file_url=url), image(PNG.removesuffix("aGk=") + "aGkh" * 10_000)])


ALONE = """

from emulator.core.media import _WEB
print(_WEB.fullmatch("https://" + "a" * 2_000_000 + " b"))
"""


def test_a_long_url_that_is_none_is_read_once() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"None\n"


@given(st.binary(max_size=300), st.integers(3, 200))
def test_base64_is_known_without_being_decoded_and_decoded_in_pieces(data, most):
    text = base64.b64encode(data).decode()
    assert media.is_base64(text) is bool(data)
    assert media.decoded(text) == data
    assert media.decoded(text, most) == data[: most // 3 * 3]


@pytest.mark.parametrize(
    "text", ["", "=", "==", "A", "AA", "AAA", "A===", "AA=A", "AAAA=", "AA ==", "AAé=", "AAA\n", "AA-_"]
)
def test_what_is_no_base64_is_known(text):
    assert not media.is_base64(text)


def test_a_large_text_is_decoded_whole():
    data = bytes(range(256)) * 9_000
    assert media.decoded(base64.b64encode(data).decode()) == data
