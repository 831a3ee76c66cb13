"""What a response tells the next turn about its chain, so that no turn reads the whole of it; pure, stores nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import takewhile
from typing import Any

import orjson

from emulator.core.errors import ApiError, quoted_list
from emulator.core.records import dataclass
from emulator.core.usage import ESTIMATE, Counter, compacted, count_items

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
_CALLED = frozenset((*CALLS, *OUTPUTS))

_HOSTED = frozenset(
    {
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_list_tools",
        "code_interpreter_call",
        "image_generation_call",
        "computer_call",
        "computer_call_output",
    }
)

Calls = dict[str, tuple[str, str]]
NO_THOUGHTS: Mapping[str, int] = {}
LONGEST_PICTURE = 200  # characters of a picture's prompt that the next turn is told


@dataclass(frozen=True, slots=True)
class ChainState:
    """The state of a chain after a response: `depth` turns, `tokens` of its items, and what is still open.

    `thought` are the tokens of its reasoning since the last user message: until the next one they are context too.
    `open_calls` maps a call_id without output to (item type, name). `approvals` maps the id of an MCP approval request
    without answer to its server_label, name and arguments, `mcp_servers` the label of a listed MCP server to the id of
    the item that lists its tools; `container` is the one that code ran in last. `picture` is what the last generated
    picture shows, `safety` maps the call_id of an open computer call to the ids of its pending safety checks. `fixture`
    answered the last turn (None: the built-in model), `hits` counts how often each fixture that is counted per chain
    has answered in it.
    """

    depth: int = 0
    tokens: int = 0
    open_calls: Calls = field(default_factory=dict)
    approvals: dict[str, Any] = field(default_factory=dict)
    mcp_servers: dict[str, str] = field(default_factory=dict)
    container: str | None = None
    picture: str | None = None
    safety: dict[str, list[str]] = field(default_factory=dict)
    fixture: str | None = None
    hits: dict[str, int] = field(default_factory=dict)
    thought: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it waits for an answer."""
        return not (self.open_calls or self.approvals or self.safety)

    @property
    def context(self) -> int:
        """The tokens that the next answer reads."""
        return self.tokens + self.thought

    def to_json(self) -> bytes:
        """The state as it is saved with its response."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, saved: bytes) -> "ChainState":
        """Read a saved state back."""
        data = orjson.loads(saved)
        calls = {call_id: (kind, name) for call_id, (kind, name) in data.pop("open_calls").items()}
        return cls(**{**data, "open_calls": calls})

    def after(
        self,
        items: Sequence[Mapping[str, Any]],
        counter: Counter = ESTIMATE,
        thoughts: Mapping[str, int] = NO_THOUGHTS,
        attached: int = 0,
    ) -> "ChainState":
        """The state after a turn's input `items`; its instructions and tools are not inherited.

        `thoughts` are the tokens of those reasoning items that came back whole, by id; `attached` are the tokens of
        its images and files.
        """
        return self._with_input(items, 1, counter, thoughts, attached)

    def with_items(
        self,
        items: Sequence[Mapping[str, Any]],
        counter: Counter = ESTIMATE,
        thoughts: Mapping[str, int] = NO_THOUGHTS,
        attached: int = 0,
    ) -> "ChainState":
        """The state with `items` that no run answers; the answers among them count as turns."""
        return self._with_input(items, answers(items), counter, thoughts, attached)

    def _with_input(
        self,
        items: Sequence[Mapping[str, Any]],
        turns: int,
        counter: Counter,
        thoughts: Mapping[str, int],
        attached: int,
    ) -> "ChainState":
        """The state with more input items, after so many more turns."""
        tokens = self.tokens + count_items(items, counter) + attached
        return self._grown(items, self.depth + turns, tokens, _since_user(self.thought, items, thoughts))

    def rebuilt(
        self, items: Sequence[Mapping[str, Any]], counter: Counter = ESTIMATE, attached: int = 0
    ) -> "ChainState":
        """The state where only `items` are left of what it was made from; what was answered stays answered."""
        thinks = any(item["type"] == "reasoning" for item in _after_user(items))
        bare = ChainState(fixture=self.fixture, hits=self.hits)
        tokens = count_items(items, counter) + attached
        return bare._grown(items, self.depth, tokens, self.thought if thinks else 0)

    def with_output(self, response: Mapping[str, Any], counter: Counter = ESTIMATE) -> "ChainState":
        """The state after the turn has ended as `response`; a response that only compacts is no turn."""
        usage = response.get("usage") or {}
        thought = usage.get("output_tokens_details", {}).get("reasoning_tokens", 0)
        output = response["output"]
        kinds = [item["type"] for item in output]
        if "compaction" not in kinds:
            tokens = self.tokens + count_items(output, counter)
            return self._grown(output, self.depth, tokens, self.thought + thought)
        at = len(kinds) - 1 - kinds[::-1].index("compaction")
        state = self.compacted(output[:at], counter)
        if len(output) == 1:
            state = replace(state, depth=state.depth - 1)
        rest = {"output": output[at + 1 :], "usage": usage if "reasoning" in kinds[at:] else None}
        return state.with_output(rest, counter)

    def compacted(
        self, items: Sequence[Mapping[str, Any]], counter: Counter = ESTIMATE, *, kept: int = 0
    ) -> "ChainState":
        """The state after some more output `items` and a compaction of all; `kept` tokens of its context stay."""
        grown = self._grown(items, self.depth, self.tokens + count_items(items, counter), self.thought)
        return replace(grown, tokens=kept + compacted(grown.context - kept), thought=0)

    def answered(self, fixture: str | None, hits: Mapping[str, int]) -> "ChainState":
        """The state of a turn that this fixture answers; `hits` are those of the chain with it."""
        if fixture == self.fixture and hits == self.hits:
            return self
        return self._with(self.depth, self.tokens, self.open_calls, self.thought, fixture, dict(hits))

    def _grown(self, items: Sequence[Mapping[str, Any]], depth: int, tokens: int, thought: int) -> "ChainState":
        kinds = {item["type"] for item in items}
        open_calls = self.open_calls if kinds.isdisjoint(_CALLED) else _still_open(self.open_calls, items)
        grown = self._with(depth, tokens, open_calls, thought, self.fixture, self.hits)
        return grown if kinds.isdisjoint(_HOSTED) else _with_hosted(grown, items)

    def _with(
        self, depth: int, tokens: int, open_calls: Calls, thought: int, fixture: str | None, hits: dict[str, int]
    ) -> "ChainState":
        """A copy with these; `dataclasses.replace` would cost each create three per cent."""
        kept = self.approvals, self.mcp_servers, self.container, self.picture, self.safety
        return ChainState(depth, tokens, open_calls, *kept, fixture, hits, thought)


def _with_hosted(state: ChainState, items: Iterable[Mapping[str, Any]]) -> ChainState:
    """The state with what the items of hosted tools say of it."""
    approvals, servers, container = dict(state.approvals), dict(state.mcp_servers), state.container
    picture, safety = state.picture, dict(state.safety)
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
            case "image_generation_call" if item.get("result"):
                picture = (item.get("revised_prompt") or "")[:LONGEST_PICTURE]
            case "computer_call":
                safety[item["call_id"]] = _check_ids(item.get("pending_safety_checks"))
            case "computer_call_output":
                safety.pop(item["call_id"], None)
    return replace(state, approvals=approvals, mcp_servers=servers, container=container, picture=picture, safety=safety)


def _check_ids(checks: Any) -> list[str]:
    """The ids of safety checks, pending or acknowledged."""
    return [str(check["id"]) for check in checks or () if isinstance(check, dict) and check.get("id")]


def _since_user(thought: int, items: Iterable[Mapping[str, Any]], thoughts: Mapping[str, int]) -> int:
    """The tokens of reasoning after the last user message: what was thought before it is left out of the context."""
    for item in items:
        if item["type"] == "message" and item.get("role") == "user":
            thought = 0
        elif item["type"] == "reasoning":
            thought += thoughts.get(item["id"], 0)
    return thought


def _after_user(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The items after the last user message, last first."""
    return takewhile(lambda item: item["type"] != "message" or item.get("role") != "user", reversed(items))


def answers(items: Iterable[Mapping[str, Any]]) -> int:
    """How many answers of a model stand in `items`: each run of its messages, reasoning and calls is one.

    Those before a compaction are in the state that it stands for.
    """
    found, speaking = 0, False
    for item in items:
        if item["type"] == "compaction":
            found = 0
        spoke, speaking = speaking, _by_model(item)
        found += speaking and not spoke
    return found


def _by_model(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("type"))
    return item.get("role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


NEW_CHAIN = ChainState()  # before its first turn


def _still_open(calls: Calls, items: Iterable[Mapping[str, Any]]) -> Calls:
    calls = dict(calls)
    for item in items:
        if item["type"] in CALLS and item.get("status") != "incomplete":
            calls[item["call_id"]] = (item["type"], item.get("name", ""))
        elif item["type"] in OUTPUTS:
            calls.pop(item["call_id"], None)
    return calls


def match_outputs(state: ChainState, items: Sequence[Mapping[str, Any]]) -> Calls:
    """The calls that the outputs among `items` answer, by call_id.

    Raises `no_call_for_output` for an output without its call, before it in `items` or open in the chain,
    `no_output_for_call` where a call stays without output, `no_approval_request` for an approval of nothing, or of what
    was answered before, and `safety_checks` where those of a computer call are not acknowledged
    (docs/reference/errors.md).
    """
    if state.is_settled and all(item["type"] == "message" for item in items):
        return {}
    answered, still_open = check_outputs(state, items)
    for call_id, (kind, _) in still_open.items():
        raise ApiError("no_output_for_call", "input", kind=CALLS[kind][1], call_id=call_id)
    return answered


def check_outputs(state: ChainState, items: Sequence[Mapping[str, Any]]) -> tuple[Calls, Calls]:
    """The same for items that a later one may answer: the calls that are answered, and those that stay open."""
    _check_approvals(state, items)
    still_open, answered, safety = dict(state.open_calls), Calls(), dict(state.safety)
    for item in items:
        kind = item["type"]
        if kind in CALLS:
            still_open[item["call_id"]] = (kind, item.get("name", ""))
        elif kind in OUTPUTS:
            call_type, name = OUTPUTS[kind]
            call = still_open.pop(item["call_id"], None) or answered.get(item["call_id"])
            if call is None or call[0] != call_type:
                raise ApiError("no_call_for_output", "input", kind=name, call_id=item["call_id"])
            answered[item["call_id"]] = call
        if kind == "computer_call":
            safety[item["call_id"]] = _check_ids(item.get("pending_safety_checks"))
        elif kind == "computer_call_output":
            _check_acknowledged(item, safety.get(item["call_id"], ()))
    return answered, still_open


def _check_approvals(state: ChainState, items: Iterable[Mapping[str, Any]]) -> None:
    requests = set(state.approvals)
    for item in items:
        if item["type"] == "mcp_approval_request":
            requests.add(item["id"])
        elif item["type"] == "mcp_approval_response":
            if item["approval_request_id"] not in requests:
                raise ApiError("no_approval_request", "input", id=item["approval_request_id"])
            requests.discard(item["approval_request_id"])


def _check_acknowledged(output: Mapping[str, Any], pending: Sequence[str]) -> None:
    missing = set(pending) - set(_check_ids(output.get("acknowledged_safety_checks")))
    if missing:
        checks = quoted_list([check for check in pending if check in missing])
        raise ApiError("safety_checks", "input", call_id=output["call_id"], checks=checks)
