"""The Python API of tests: Emulator, and builders of what the model says; it holds no rule of the wire."""

from emulator.testing.emulator import Emulator
from emulator.testing.journal import SeenRequest, Verified
from emulator.testing.scripts import Scripted
from emulator.testing.steps import (
    apply_patch_call,
    code_interpreter_call,
    compaction,
    computer_call,
    custom_tool_call,
    error,
    events,
    fail,
    file_search_call,
    function_call,
    image_generation_call,
    incomplete,
    item,
    local_shell_call,
    message,
    reasoning,
    refusal,
    shell_call,
    wait,
    web_search_call,
)
from emulator.testing.wire import EmulatorError

__all__ = [
    "Emulator",
    "EmulatorError",
    "Scripted",
    "SeenRequest",
    "Verified",
    "apply_patch_call",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "custom_tool_call",
    "error",
    "events",
    "fail",
    "file_search_call",
    "function_call",
    "image_generation_call",
    "incomplete",
    "item",
    "local_shell_call",
    "message",
    "reasoning",
    "refusal",
    "shell_call",
    "wait",
    "web_search_call",
]
