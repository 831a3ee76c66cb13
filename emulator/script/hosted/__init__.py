"""What a script knows of hosted tools: the short forms of their items, and what the built-in model does with each.

One module a tool. `read(node)` makes a step of a short form whose schema is `SCHEMA`; `says(ask, tool, words)` is the
built-in model's answer when the tool is offered (nothing: it does not use the tool), `answers(ask, words)` that to an
input item of its own, and `goes_on(ask, steps, words)` what comes after outside work. `words()` is the message that
would be said without tools.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.plan import Message, Step
from emulator.script.prose import result

Words = Callable[[], str]

# Short form, which is the type of the item -> module.
FORMS: Mapping[str, str] = {
    "web_search_call": "web_search",
    "local_shell_call": "local_shell",
    "shell_call": "shell",
    "apply_patch_call": "apply_patch",
    "code_interpreter_call": "code_interpreter",
    "file_search_call": "file_search",
}
# The type under which a request offers the tool -> module.
OFFERED: Mapping[str, str] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "local_shell": "local_shell",
    "shell": "shell",
    "apply_patch": "apply_patch",
    "code_interpreter": "code_interpreter",
    "file_search": "file_search",
}
# The type of a last input item that a tool answers -> module.
ANSWERED: Mapping[str, str] = {
    "local_shell_call_output": "local_shell",
    "shell_call_output": "shell",
    "apply_patch_call_output": "apply_patch",
}


def form(kind: str) -> ModuleType:
    """The module of a short form."""
    return _load(FORMS[kind])


def answer(ask: Ask, words: Words) -> tuple[Step, ...]:
    """What the built-in model does with the hosted tools of a request: one of them, the first that may; or nothing."""
    last = ask.items[-1] if ask.items else {}
    if last.get("type") in ANSWERED:
        return tuple(_load(ANSWERED[last["type"]]).answers(ask, words))
    if last.get("type") != "message" or last.get("role") != "user":
        return ()
    for tool in ask.request.tools:
        if tool["type"] in OFFERED and _allowed(tool, ask.request.tool_choice):
            steps = tuple(_load(OFFERED[tool["type"]]).says(ask, tool, words))
            if steps:
                return steps
    return ()


def is_forced(ask: Ask, tool: Mapping[str, Any]) -> bool:
    """Whether a request leaves the model no other tool: it names this one, or requires a call and offers no other."""
    choice = ask.request.tool_choice
    if choice == "required":
        return all(offered["type"] == tool["type"] for offered in ask.request.tools)
    return isinstance(choice, dict) and choice.get("type") == tool["type"]


def go_on(ask: Ask, steps: Sequence[Step], words: Words) -> tuple[Step, ...]:
    """What comes after the last of `steps`, whose outside work is done: more of its tool, or a message."""
    last = steps[-1]
    module = form(last.type) if isinstance(last, HostedCall) and last.type in FORMS else None
    if module is not None and hasattr(module, "goes_on"):
        return tuple(module.goes_on(ask, steps, words))
    return (Message(words()),)


def told(ask: Ask, name: str, output: str, words: Words) -> Message:
    """The message after a tool's output: what it was, or the JSON that the request asks for."""
    return Message(result(name, output) if ask.request.text["format"]["type"] == "text" else words())


def _allowed(tool: Mapping[str, Any], choice: str | Mapping[str, Any]) -> bool:
    """Whether the request's `tool_choice` lets the model use this tool."""
    if isinstance(choice, str):
        return choice != "none"
    if choice.get("type") == "allowed_tools":
        return choice.get("mode") != "none" and any(_meant(tool, named) for named in choice.get("tools") or ())
    return _meant(tool, choice)


def _meant(tool: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    same = choice.get("server_label") in (None, tool.get("server_label"))
    return bool(choice.get("type") == tool["type"]) and same


def _load(name: str) -> ModuleType:
    return import_module(f"emulator.script.hosted.{name}")
