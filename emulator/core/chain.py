"""What a response tells the next turn about its chain, so that no turn reads the whole of it; pure, stores nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from emulator.core.errors import ApiError
from emulator.core.usage import count_items

# Output item type -> (the type of the item that answers it, how the service's error names the call).
CALLS: Mapping[str, tuple[str, str]] = {
    "function_call": ("function_call_output", "function"),
    "custom_tool_call": ("custom_tool_call_output", "custom tool"),
    "computer_call": ("computer_call_output", "computer"),
    "local_shell_call": ("local_shell_call_output", "local shell"),
    "shell_call": ("shell_call_output", "shell"),
    "apply_patch_call": ("apply_patch_call_output", "apply patch"),
}
OUTPUTS: Mapping[str, tuple[str, str]] = {answer: (call, name) for call, (answer, name) in CALLS.items()}

_HOSTED = frozenset({"mcp_approval_request", "mcp_approval_response", "mcp_list_tools", "code_interpreter_call"})

Calls = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ChainState:
    """The state of a chain after a response: `depth` turns, `tokens` of its items, and what is still open.

    `open_calls` maps a call_id without output to (item type, name). `approvals` maps the id of an MCP approval request
    without answer to its server_label, name and arguments, `mcp_servers` the label of a listed MCP server to the id of
    the item that lists its tools; `container` is the one that code ran in last. `fixture` answered the last turn
    (None: the built-in model), `hits` counts how often each fixture that is counted per chain has answered in it.
    """

    depth: int = 0
    tokens: int = 0
    open_calls: Calls = field(default_factory=dict)
    approvals: dict[str, Any] = field(default_factory=dict)
    mcp_servers: dict[str, str] = field(default_factory=dict)
    container: str | None = None
    fixture: str | None = None
    hits: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """The state as it is saved with its response."""
        return orjson.dumps({name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_json(cls, saved: bytes) -> "ChainState":
        """Read a saved state back."""
        data = orjson.loads(saved)
        calls = {call_id: (kind, name) for call_id, (kind, name) in data.pop("open_calls").items()}
        return cls(**{**data, "open_calls": calls})

    def after(self, items: Sequence[Mapping[str, Any]]) -> "ChainState":
        """The state after a turn's input `items`; its instructions and tools are not inherited."""
        return self._grown(items, self.depth + 1)

    def with_output(self, response: Mapping[str, Any]) -> "ChainState":
        """The state after the turn has ended as `response`."""
        return self._grown(response["output"], self.depth)

    def _grown(self, items: Sequence[Mapping[str, Any]], depth: int) -> "ChainState":
        tokens = self.tokens + count_items(items)
        grown = replace(self, depth=depth, tokens=tokens, open_calls=_still_open(self.open_calls, items))
        return _with_hosted(grown, items) if any(item["type"] in _HOSTED for item in items) else grown


def _with_hosted(state: ChainState, items: Iterable[Mapping[str, Any]]) -> ChainState:
    """The state with what the items of hosted tools say of it."""
    approvals, servers, container = dict(state.approvals), dict(state.mcp_servers), state.container
    for item in items:
        match item["type"]:
            case "mcp_approval_request":
                approvals[item["id"]] = {name: item[name] for name in ("server_label", "name", "arguments")}
            case "mcp_approval_response":
                approvals.pop(item["approval_request_id"], None)
            case "mcp_list_tools" if not item.get("error"):
                servers[item["server_label"]] = item["id"]
            case "code_interpreter_call":
                container = item["container_id"]
    return replace(state, approvals=approvals, mcp_servers=servers, container=container)


def _still_open(calls: Calls, items: Iterable[Mapping[str, Any]]) -> Calls:
    calls = dict(calls)
    for item in items:
        if item["type"] in CALLS and item.get("status") != "incomplete":
            calls[item["call_id"]] = (item["type"], item.get("name", ""))
        elif item["type"] in OUTPUTS:
            calls.pop(item["call_id"], None)
    return calls


def match_outputs(state: ChainState, items: Iterable[Mapping[str, Any]]) -> Calls:
    """The calls that the outputs among `items` answer, by call_id.

    Raises `no_call_for_output` for an output without its call, before it in `items` or open in the chain,
    `no_output_for_call` where a call stays without output, and `no_approval_request` for an approval of nothing, or of
    what was answered before
    (docs/reference/errors.md).
    """
    still_open, answered, requests = dict(state.open_calls), Calls(), set(state.approvals)
    for item in items:
        kind = item["type"]
        if kind == "mcp_approval_request":
            requests.add(item["id"])
        elif kind == "mcp_approval_response":
            if item["approval_request_id"] not in requests:
                raise ApiError("no_approval_request", "input", id=item["approval_request_id"])
            requests.discard(item["approval_request_id"])
        if kind in CALLS:
            still_open[item["call_id"]] = (kind, item.get("name", ""))
        elif kind in OUTPUTS:
            call_type, name = OUTPUTS[kind]
            call = still_open.pop(item["call_id"], None) or answered.get(item["call_id"])
            if call is None or call[0] != call_type:
                raise ApiError("no_call_for_output", "input", kind=name, call_id=item["call_id"])
            answered[item["call_id"]] = call
    for call_id, (kind, _) in still_open.items():
        raise ApiError("no_output_for_call", "input", kind=CALLS[kind][1], call_id=call_id)
    return answered
