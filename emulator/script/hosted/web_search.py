"""Web search in scripts: the short form of its item, and the built-in model's search; it searches nothing."""

from collections.abc import Mapping
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.draft import Draft, made, words
from emulator.script.hosted import Words
from emulator.script.node import Node
from emulator.script.plan import Message, Step
from emulator.script.prose import clipped

TEXT = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        {
            "type": "object",
            "properties": {
                "query": TEXT,
                "sources": {"type": "array", "minItems": 1, "items": TEXT},
                "open_page": TEXT,
                "find": TEXT,
                "url": TEXT,
                "status": {"enum": ["completed", "failed"]},
            },
            "additionalProperties": False,
        },
    ]
}
LONGEST_QUERY = 200


def read(node: Node) -> Step | Draft:
    """`web_search_call: query`, or a mapping: `query` with `sources`, `open_page`, or `find` with `url`."""
    if not isinstance(node.value, dict):
        node.filled()
        return _made(node, {"type": "search", "query": words(node)}, {})
    entries = node.mapping(("query", "sources", "open_page", "find", "url", "status"))
    status = {"status": entries["status"].one_of(("completed", "failed"))} if "status" in entries else {}
    if "open_page" in entries:
        return _made(node, {"type": "open_page", "url": words(entries["open_page"])}, status)
    if "find" in entries:
        url = words(entries["url"]) if "url" in entries else node.wrong(f"{node.label} needs 'url' beside 'find'")
        return _made(node, {"type": "find_in_page", "pattern": words(entries["find"]), "url": url}, status)
    if "query" not in entries:
        node.wrong(f"{node.label} needs 'query', 'open_page' or 'find'")
    action: dict[str, Any] = {"type": "search", "query": words(entries["query"])}
    if "sources" in entries:
        action["sources"] = [{"type": "url", "url": words(url)} for url in entries["sources"].list("URLs")]
    return _made(node, action, status)


def _made(node: Node, action: dict[str, Any], status: dict[str, str]) -> Step | Draft:
    return made(HostedCall, node.label, type="web_search_call", fields={"action": action, **status})


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """One search for the prompt, then the answer."""
    query = clipped(ask.last_user_text(), LONGEST_QUERY)
    return HostedCall("web_search_call", {"action": {"type": "search", "query": query}}), Message(message())
