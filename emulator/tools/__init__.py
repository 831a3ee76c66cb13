"""The tools by the type of the item that they emit, each imported when it is first needed; no tool knows a store."""

from importlib import import_module

from emulator.tools.base import Tool

TOOLS = {
    "function_call": "emulator.tools.function",
    "custom_tool_call": "emulator.tools.custom",
}


def tool(kind: str) -> Tool:
    """The tool that emits items of this type."""
    return import_module(TOOLS[kind]).TOOL  # type: ignore[no-any-return]
