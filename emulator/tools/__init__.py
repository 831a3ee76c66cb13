"""The tools by the items that they emit and by how a request offers them, each imported when it is first needed."""

from collections.abc import Mapping
from importlib import import_module

from emulator.tools.base import Tool

# Output item type -> module. A new tool is one file and its lines here.
TOOLS: Mapping[str, str] = {
    "function_call": "function",
    "custom_tool_call": "custom",
    "web_search_call": "web_search",
    "mcp_list_tools": "mcp",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcp",
}
# The type under which a request offers a hosted tool -> module.
OFFERED: Mapping[str, str] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "mcp": "mcp",
}


def tool(item_type: str) -> Tool:
    """The tool that emits items of this type."""
    return _load(TOOLS[item_type])


def offered_tool(type: str) -> Tool | None:  # noqa: A002 (the wire's name)
    """The hosted tool that a request offers under this type; None where it is none, or not built."""
    return _load(OFFERED[type]) if type in OFFERED else None


def _load(name: str) -> Tool:
    return import_module(f"emulator.tools.{name}").TOOL  # type: ignore[no-any-return]
