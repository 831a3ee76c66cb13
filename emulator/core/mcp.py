"""The rules of remote MCP servers that need no server: approvals, allowed tools, a pretended list; it calls nobody."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from emulator.core.records import dataclass

Object = dict[str, Any]
Tools = Sequence[Mapping[str, Any]]
ASKING = frozenset({"ask", "find", "get", "lookup", "query", "search", "translate"})
_QUERY = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What is asked for."}},
    "required": ["query"],
    "additionalProperties": False,
}
_NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval request that the client has answered: the `request_id` and call, and what the client said."""

    request_id: str
    server_label: str
    name: str
    arguments: str
    approve: bool
    reason: str | None = None


def answered(items: Sequence[Mapping[str, Any]], pending: Mapping[str, Mapping[str, Any]]) -> Iterator[Approval]:
    """The approval requests that `items` answer, asked among them before or still `pending` in their chain.

    Those of a history that the model has gone on after are settled: whatever was said then is no answer now.
    """
    asked = dict(pending)
    settled = max((at for at, item in enumerate(items) if _by_model(item)), default=-1)
    for at, item in enumerate(items):
        if item["type"] == "mcp_approval_request":
            asked[item["id"]] = item
        elif at > settled and item["type"] == "mcp_approval_response" and item["approval_request_id"] in asked:
            request_id = item["approval_request_id"]
            call = asked[request_id]
            arguments = as_json(call["arguments"])
            reason = item.get("reason") if isinstance(item.get("reason"), str) else None
            yield Approval(request_id, call["server_label"], call["name"], arguments, item["approve"], reason)


def listed(items: Iterable[Mapping[str, Any]], label: str) -> Tools | None:
    """The tools of a server as the last good list among `items` names them; None where there is none."""
    found = None
    for item in items:
        if item.get("type") == "mcp_list_tools" and item.get("server_label") == label and not item.get("error"):
            tools = item.get("tools")
            found = [tool for tool in tools if _is_tool(tool)] if isinstance(tools, list) else []
    return found


def as_json(arguments: Any) -> str:
    """The arguments of a call as the wire has them: JSON text, however a client writes them."""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def _by_model(item: Mapping[str, Any]) -> bool:
    return item.get("role") == "assistant" or str(item["type"]).endswith("_call")


def _is_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("name"), str)


def needs_approval(offered: Mapping[str, Any], name: str, tools: Tools = ()) -> bool:
    """Whether a call of the tool `name` must be approved; `tools` are the server's, as far as they are known.

    Where a rule names some tools only, all others need an approval.
    """
    rule = offered.get("require_approval") or "always"
    if isinstance(rule, str):
        return rule != "never"
    tool = next((tool for tool in tools if tool["name"] == name), {"name": name})
    never, always = rule.get("never"), rule.get("always")
    return bool(always is not None and _meant(tool, always)) or never is None or not _meant(tool, never)


def allowed(offered: Mapping[str, Any] | None, tools: Tools) -> list[Object]:
    """Those of a server's tools that the request lets the model use."""
    rule = (offered or {}).get("allowed_tools")
    if rule is None:
        return [dict(tool) for tool in tools]
    chosen = {"tool_names": rule} if isinstance(rule, list) else rule
    return [dict(tool) for tool in tools if _meant(tool, chosen, empty=True)]


def _meant(tool: Mapping[str, Any], chosen: Mapping[str, Any], *, empty: bool = False) -> bool:
    """Whether a filter of names, of `read_only` or of both means the tool; `empty` is said where it is neither."""
    names, read_only = chosen.get("tool_names"), chosen.get("read_only")
    if names is None and read_only is None:
        return empty
    told = tool.get("annotations")
    reads = isinstance(told, dict) and bool(told.get("readOnlyHint"))
    return (names is None or tool["name"] in names) and (read_only is None or read_only == reads)


def pretended(label: str, offered: Mapping[str, Any] | None, more: Collection[str] = ()) -> list[Object]:
    """A small server's tools, where no server may be asked: the allowed ones and `more`, else two after its label."""
    rule = (offered or {}).get("allowed_tools") or []
    names = rule if isinstance(rule, list) else rule.get("tool_names") or []
    stem = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in label.lower()).strip("_")
    plain = () if names or more else (f"fetch_{stem or 'server'}_docs", f"search_{stem or 'server'}")
    return [_pretended(name, label) for name in dict.fromkeys((*names, *more, *plain))]


def _pretended(name: str, label: str) -> Object:
    asks = not ASKING.isdisjoint(name.lower().replace("-", "_").split("_"))
    return {
        "name": name,
        "description": f"Pretended by the emulator: '{name}' of the MCP server '{label}'.",
        "input_schema": _QUERY if asks else _NOTHING,
        "annotations": {"readOnlyHint": True},
    }
