"""Chooses the tool that the built-in model calls for a prompt; it writes no arguments and calls nothing.

The rules, in order (docs/reference/built-in-model.md): the forced tool; the one whose name is in the prompt;
the one that shares most words with it; the only one there is. A tool that runs shell commands is called only
when forced.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.believable import name_words

Tool = Mapping[str, Any]
Choice = str | Mapping[str, Any]

SHELL = frozenset({"shell", "bash", "exec", "cmd", "command", "script"})
_STOP_WORDS = (
    "a about after all also an and any are as at be been before but by can could did do does for from "
    "get gets give given had has have he her here him his how i if in into is it its just let like make "
    "may me might more most my need no not of on one or other our out over please return returns she "
    "should show so some such tell than that the their them then there these they this those to up us "
    "use used using very want was we were what when where which who why will with would you your "
    "function tool call"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
_WORD = lazy_pattern(r"[a-z0-9]+|[^\W\d_a-z]+", re.IGNORECASE)
_IDEOGRAM = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff]")


def choose_tool(offered: Sequence[Tool], tool_choice: Choice, prompt: str) -> Tool | None:
    """The function or custom tool to call for a user's prompt, or None for an answer in words.

    `offered` are the request's own in order, those of groups too; `tool_choice` is normalised. `required` finds one
    wherever one is offered.
    """
    mode: Any = tool_choice
    if isinstance(tool_choice, Mapping):
        if tool_choice.get("type") != "allowed_tools":
            return _named(offered, tool_choice)
        allowed = tool_choice.get("tools") or ()
        offered = [tool for tool in offered if any(_named([tool], choice) for choice in allowed)]
        mode = tool_choice.get("mode", "auto")
    if mode == "none" or not offered:
        return None
    safe = [tool for tool in offered if not is_shell(tool)]
    found = by_name(safe, prompt) or by_words(safe, prompt)
    if found is None and len(offered) == len(safe) == 1:
        found = safe[0]
    if found is None and mode == "required":
        found = (safe or offered)[0]
    return found


def is_shell(tool: Tool) -> bool:
    """Whether a tool takes a shell command: its name, or a parameter's, says so."""
    names = [tool.get("name") or ""]
    parameters = tool.get("parameters")
    if isinstance(parameters, Mapping) and isinstance(parameters.get("properties"), Mapping):
        names += parameters["properties"]
    return any(word in SHELL or word == "powershell" for name in names for word in name_words(name))


def by_name(tools: Iterable[Tool], prompt: str) -> Tool | None:
    """The first tool whose name stands in the prompt as a word, in any case."""
    lowered = prompt.lower()
    for tool in tools:
        name = tool["name"].lower()
        if name in lowered and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lowered):
            return tool
    return None


def by_words(tools: Iterable[Tool], prompt: str) -> Tool | None:
    """The tool whose name and description share most words with the prompt, the first of equals."""
    wanted = words(prompt)
    best, most = None, 0
    for tool in tools:
        told = f"{' '.join(name_words(tool['name']))} {tool.get('description') or ''}"
        if (shared := len(wanted & words(told))) > most:
            best, most = tool, shared
    return best


def words(text: str) -> set[str]:
    """The words of a text that mean something: lower case, no stop words, no plural s; ideograms in pairs."""
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if _IDEOGRAM.match(word):
            found.update(word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        elif len(word) > 1 and word not in STOP_WORDS:
            found.add(word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word)
    return found


def _named(tools: Iterable[Tool], choice: Mapping[str, Any]) -> Tool | None:
    for tool in tools:
        if tool.get("type") == choice.get("type") and tool.get("name") == choice.get("name"):
            return tool
    return None
