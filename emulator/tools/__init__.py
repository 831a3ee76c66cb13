"""The tools by the items that they emit and by how a request offers them, each imported when it is first needed."""

from collections.abc import Mapping
from importlib import import_module

from emulator.tools.base import Tool

# Output item type -> module, or module:name where it has several. A new tool is one file and its lines here.
TOOLS: Mapping[str, str] = {
    "function_call": "function",
    "custom_tool_call": "custom",
    "web_search_call": "web_search",
    "local_shell_call": "shells:LOCAL_SHELL",
    "shell_call": "shells:SHELL",
    "shell_call_output": "shells:SHELL_OUTPUT",
    "apply_patch_call": "shells:APPLY_PATCH",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "computer_call": "computer_use",
    "mcp_list_tools": "mcp",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcp",
    "file_search_call": "file_search",
}
# The type under which a request offers a hosted tool -> module.
OFFERED: Mapping[str, str] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "local_shell": "shells:LOCAL_SHELL",
    "shell": "shells:SHELL",
    "apply_patch": "shells:APPLY_PATCH",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "computer_use_preview": "computer_use",
    "mcp": "mcp",
    "file_search": "file_search",
}


def tool(item_type: str) -> Tool:
    """The tool that emits items of this type."""
    return _load(TOOLS[item_type])


def offered_tool(type: str) -> Tool | None:  # noqa: A002 (the wire's name)
    """The hosted tool that a request offers under this type; None where it is none, or not built."""
    return _load(OFFERED[type]) if type in OFFERED else None


def _load(name: str) -> Tool:
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"emulator.tools.{module}"), attribute or "TOOL")  # type: ignore[no-any-return]
