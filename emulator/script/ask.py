"""One request as the scripted model sees it; it answers nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.core.deployments import Deployment
from emulator.core.requests import CreateRequest


@dataclass(frozen=True, slots=True)
class Ask:
    """What a plan is made from.

    `items` are the new input items of the request, normalised (each a dict with `id` and `type`, message content
    always a list of parts). `calls` maps each call_id that an output in `items` answers to `(kind, name)`, kind
    being `function_call` or `custom_tool_call`.
    """

    request: CreateRequest
    deployment: Deployment
    items: tuple[dict[str, Any], ...]
    calls: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def last_user_text(self) -> str:
        """The text of the last user message, its parts joined by a newline; empty where there is none."""
        for item in reversed(self.items):
            if item.get("type") == "message" and item.get("role") == "user":
                return message_text(item)
        return ""


def message_text(item: Mapping[str, Any]) -> str:
    """All text of a message item, its parts joined by a newline."""
    content = item.get("content") or ()
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
