"""The answers that the tests of requests expect, and the bodies that they send."""

from typing import Any

import orjson
import pytest

from emulator.core.errors import ApiError
from emulator.core.requests import CreateRequest, parse_create

BODY = {"model": "gpt-4o", "input": "hi"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
FUNCTION = {"type": "function", "name": "f"}
SEARCH = {"type": "file_search", "vector_store_ids": []}
TEXT_OR_PARTS = "one of a string or array of objects"
STRING_OR_OBJECT = "one of a string or object"

PNG = "data:image/png;base64,aGk="


def create(*, strict: bool = False, **fields: Any) -> CreateRequest:
    return parse_create(orjson.dumps({**BODY, **fields}), strict=strict)


def refused(raw: bytes, **options: Any) -> tuple[int, str | None, str | None, str]:
    with pytest.raises(ApiError) as caught:
        parse_create(raw, **options)
    error = caught.value
    return error.row.status, error.row.code, error.param, error.message


def message(*content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(content)}


def missing(path: str) -> tuple[str, str, str]:
    return "missing_required_parameter", path, f"Missing required parameter: '{path}'."


def wrong(path: str, expected: str, got: str) -> tuple[str, str, str]:
    return "invalid_type", path, f"Invalid type for '{path}': expected {expected}, but got {got} instead."


def choice(path: str, value: str, supported: str) -> tuple[str, str, str]:
    return "invalid_value", path, f"Invalid value: '{value}'. Supported values are: {supported}."


def bound(path: str, row: str, limit: str, got: str) -> tuple[str, str, str]:
    kind, side = row.split("_", 1)
    word, sign = ("below minimum", ">=") if side.startswith("below") else ("above maximum", "<=")
    text = f"Invalid '{path}': {kind} {word} value. "
    text += f"Expected a value {sign} {limit}, but got {got} instead."
    return row, path, text


def length(path: str, kind: str, limit: int, got: int) -> tuple[str, str, str]:
    word, most = ("too long", "maximum") if kind == "above_max" else ("too short", "minimum")
    text = (
        f"Invalid '{path}': string {word}. Expected a string with {most} length {limit}, "
        f"but got a string with length {got} instead."
    )
    return f"string_{kind}_length", path, text


def prefix(path: str, value: str, expected: str) -> tuple[str, str, str]:
    return (
        "invalid_value",
        path,
        f"Invalid '{path}': '{value}'. Expected an ID that begins with '{expected}'.",
    )


def characters(path: str, value: str) -> tuple[str, str, str]:
    text = (
        f"Invalid '{path}': '{value}'. Expected an ID that contains letters, numbers, underscores, or "
        "dashes, but this value contained additional characters."
    )
    return "invalid_value", path, text


def pattern(path: str) -> tuple[str, str, str]:
    text = (
        f"Invalid '{path}': string does not match pattern. "
        "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    )
    return "invalid_value", path, text
