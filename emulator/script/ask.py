"""One request as the scripted model sees it; it answers nothing itself."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from emulator.core import deployments
from emulator.core.additional_tools import brought
from emulator.core.chain import CALLS, OUTPUTS, ChainState
from emulator.core.client_tools import ClientTool, client_tools
from emulator.core.deployments import Deployment
from emulator.core.document import Document
from emulator.core.ids import ItemIds
from emulator.core.items import normalise
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest, parse_create
from emulator.core.usage import ESTIMATE, Counter


@dataclass(frozen=True, slots=True)
class Ask:
    """What a plan is made from.

    `items` are the new input items of the request, normalised (each a dict with `id` and `type`, message content
    always a list of parts). `calls` maps each call_id that an output in `items` answers to `(kind, name)`, kind
    being `function_call` or `custom_tool_call`. `headers` are the request's, in lower case. `before` is the state of
    the chain that the request goes on with, so this is turn `before.depth + 1`. `documents` are the files among `items`
    as far as they were read, in order. `counter` counts its tokens. `listed` are the tools of the MCP servers that the
    chain has listed and the request offers, by the server's label.
    """

    request: CreateRequest
    deployment: Deployment
    items: tuple[dict[str, Any], ...]
    calls: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    before: ChainState = field(default_factory=ChainState)
    documents: tuple[Document, ...] = ()
    counter: Counter = ESTIMATE
    listed: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def client_tools(self) -> list[ClientTool]:
        """The functions and custom tools that the client runs: the request's own, then those that its items bring."""
        return client_tools(self.request.tools, brought(self.items))

    @property
    def triggers_compaction(self) -> bool:
        """Whether nothing is asked of the model but to compact the context."""
        return bool(self.items) and self.items[-1]["type"] == "compaction_trigger"

    def last_user_text(self) -> str:
        """The text of the last user message, its parts joined by a newline; empty where there is none."""
        for item in reversed(self.items):
            if item.get("type") == "message" and item.get("role") == "user":
                return message_text(item)
        return ""


def ask_of(body: bytes, headers: Mapping[str, str] | None = None, before: ChainState | None = None) -> Ask:
    """A request's body as the scripted model would see it, without a server; raises ApiError where it is none.

    An output whose call is neither in the body nor open in the chain `before` it answers a call without a name.
    """
    request = parse_create(body)
    before = before or ChainState()
    ids = ItemIds("resp_none", "in")
    items = tuple(normalise(item, ids.item) for item in request.input)
    known = {**before.open_calls}
    known |= {item["call_id"]: (item["type"], item.get("name", "")) for item in items if item["type"] in CALLS}
    calls = {item["call_id"]: known[item["call_id"]] for item in items if _answers(item, known)}
    return Ask(request, deployments.find(request.model), items, calls, headers or {}, before)


def _answers(item: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return item["type"] in OUTPUTS and item.get("call_id") in known


def message_text(item: Mapping[str, Any]) -> str:
    """All text of a message item, its parts joined by a newline."""
    content = item.get("content") or ()
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
