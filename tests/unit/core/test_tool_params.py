"""Tools and the choice among them: one row per rule, with the exact answer, and the echo."""

from typing import Any

import orjson
import pytest

from tests.unit.core.answers import (
    BODY,
    FUNCTION,
    SEARCH,
    STRING_OR_OBJECT,
    bound,
    choice,
    create,
    length,
    missing,
    pattern,
    refused,
    wrong,
)


def tool(**fields: Any) -> dict[str, Any]:
    return {"tools": [fields]}


def not_offered(name: str) -> tuple[None, str, str]:
    return None, "tool_choice", f"Tool choice '{name}' not found in 'tools' parameter."


TOOL_ROWS = [
    ({"tools": {}}, wrong("tools", "an array", "an object")),
    ({"tools": ["x"]}, wrong("tools[0]", "an object", "a string")),
    (tool(), missing("tools[0].type")),
    (tool(type="function"), missing("tools[0].name")),
    (tool(type="function", function={"name": "f"}), missing("tools[0].name")),
    (tool(type="function", name="a b"), pattern("tools[0].name")),
    (tool(type="function", name=""), length("tools[0].name", "below_min", 1, 0)),
    (tool(type="function", name="f" * 65), length("tools[0].name", "above_max", 64, 65)),
    (tool(**FUNCTION, parameters=[]), wrong("tools[0].parameters", "an object", "an array")),
    (tool(**FUNCTION, strict="x"), wrong("tools[0].strict", "a boolean", "a string")),
    (tool(type="code_interpreter"), missing("tools[0].container")),
    (tool(type="code_interpreter", container=1), wrong("tools[0].container", STRING_OR_OBJECT, "an integer")),
    (
        tool(type="code_interpreter", container={"type": "x"}),
        choice("tools[0].container.type", "x", "'auto'"),
    ),
    (tool(type="mcp", server_url="https://x"), missing("tools[0].server_label")),
    (tool(type="mcp", server_label="x"), missing("tools[0].server_url")),
    (
        tool(type="mcp", server_label="x", server_url="y", require_approval="x"),
        choice("tools[0].require_approval", "x", "'always' and 'never'"),
    ),
    (
        tool(type="image_generation", partial_images=4),
        bound("tools[0].partial_images", "integer_above_max_value", "3", "4"),
    ),
    (tool(type="file_search"), missing("tools[0].vector_store_ids")),
    (tool(type="computer_use_preview", display_width=1, display_height=1), missing("tools[0].environment")),
    (
        tool(type="computer_use_preview", display_width=1, display_height=0, environment="mac"),
        bound("tools[0].display_height", "integer_below_min_value", "1", "0"),
    ),
    (tool(type="custom"), missing("tools[0].name")),
    (
        tool(type="custom", name="c", format={"type": "x"}),
        choice("tools[0].format.type", "x", "'text' and 'grammar'"),
    ),
    (tool(type="namespace", name="n"), missing("tools[0].description")),
    ({"tool_choice": "x"}, choice("tool_choice", "x", "'none', 'auto', and 'required'")),
    ({"tool_choice": 1}, wrong("tool_choice", STRING_OR_OBJECT, "an integer")),
    ({"tool_choice": {}}, missing("tool_choice.type")),
    ({"tool_choice": {"type": "function"}}, missing("tool_choice.name")),
    ({"tool_choice": {"type": "mcp"}}, missing("tool_choice.server_label")),
    ({"tool_choice": {"type": "allowed_tools", "tools": []}}, missing("tool_choice.mode")),
    (
        {"tool_choice": "required"},
        (None, "tool_choice", "Tool choice 'required' must be specified with 'tools' parameter."),
    ),
    ({"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}}, not_offered("g")),
    ({"tools": [FUNCTION], "tool_choice": {"type": "custom", "name": "f"}}, not_offered("f")),
    ({"tools": [FUNCTION], "tool_choice": {"type": "mcp", "server_label": "s"}}, not_offered("s")),
    ({"tools": [SEARCH], "tool_choice": {"type": "image_generation"}}, not_offered("image_generation")),
    (
        {"tools": [FUNCTION], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [SEARCH]}},
        not_offered("file_search"),
    ),
]


@pytest.mark.parametrize(("fields", "answer"), TOOL_ROWS, ids=[str(row[0])[:60] for row in TOOL_ROWS])
def test_a_bad_tool_is_answered_as_the_service_does(fields: Any, answer: Any) -> None:
    assert refused(orjson.dumps({**BODY, **fields})) == (400, *answer)


@pytest.mark.parametrize("value", ["auto", "none", "required"])
def test_a_tool_choice_may_be_a_word(value: str) -> None:
    assert create(tools=[FUNCTION], tool_choice=value).tool_choice == value


@pytest.mark.parametrize(
    ("choice", "tool"),
    [
        ({"type": "function", "name": "f"}, FUNCTION),
        ({"type": "custom", "name": "c"}, {"type": "custom", "name": "c"}),
        ({"type": "mcp", "server_label": "s"}, {"type": "mcp", "server_label": "s", "server_url": "u"}),
        ({"type": "file_search"}, SEARCH),
        ({"type": "web_search_preview"}, {"type": "web_search_preview_2025_03_11"}),
        ({"type": "computer_use"}, {"type": "computer"}),
        ({"type": "allowed_tools", "mode": "auto", "tools": [FUNCTION]}, FUNCTION),
    ],
)
def test_a_tool_choice_may_name_a_tool_that_is_offered(choice: Any, tool: Any) -> None:
    assert create(tools=[tool], tool_choice=choice).tool_choice == choice


ECHOES = [
    (
        {"name": "f", "type": "function", "parameters": {"type": "object"}},
        {
            "type": "function",
            "description": None,
            "name": "f",
            "parameters": {"type": "object"},
            "strict": True,
        },
    ),
    (
        {"type": "function", "name": "f", "strict": False, "description": "d", "parameters": None},
        {"type": "function", "description": "d", "name": "f", "parameters": None, "strict": False},
    ),
    (
        {"type": "custom", "name": "c"},
        {"type": "custom", "name": "c", "description": None, "format": {"type": "text"}},
    ),
    (
        {
            "type": "mcp",
            "server_label": "s",
            "server_url": "https://example.com/mcp",
            "headers": {"Authorization": "Bearer secret"},
            "authorization": "secret",
        },
        {
            "type": "mcp",
            "allowed_tools": None,
            "headers": None,
            "require_approval": "always",
            "server_description": None,
            "server_label": "s",
            "server_url": "https://example.com/mcp",
        },
    ),
    (
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ),
    (
        {"type": "image_generation", "size": "1024x1024"},
        {
            "type": "image_generation",
            "background": "auto",
            "model": "gpt-image-1",
            "moderation": "auto",
            "n": 1,
            "output_compression": 100,
            "output_format": "png",
            "quality": "auto",
            "size": "1024x1024",
        },
    ),
    (
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {
            "type": "file_search",
            "filters": None,
            "max_num_results": 20,
            "ranking_options": {"ranker": "auto", "score_threshold": 0},
            "vector_store_ids": ["vs_1"],
        },
    ),
    ({"type": "local_shell"}, {"type": "local_shell"}),
]


@pytest.mark.parametrize(("sent", "echoed"), ECHOES, ids=[str(row[0])[:50] for row in ECHOES])
def test_a_tool_is_echoed_in_the_service_s_order_and_without_secrets(sent: Any, echoed: Any) -> None:
    assert orjson.dumps(create(tools=[sent]).tools) == orjson.dumps([echoed])
