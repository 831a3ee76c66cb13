"""Generated plans and the whole log of a plan, for the laws that hold for every plan."""

import asyncio
from types import SimpleNamespace

import orjson
from hypothesis import strategies as st

from emulator.core.chain import ChainState
from emulator.core.deployments import find
from emulator.core.dialects import AZURE
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.core.log import EventLog
from emulator.core.requests import parse_create
from emulator.run.hosted import prepare
from emulator.run.timeline import Gates, timeline
from emulator.script.plan import (
    Compaction,
    CustomToolCall,
    Ending,
    Events,
    FunctionCall,
    Item,
    Message,
    Pace,
    Plan,
    Reasoning,
    Refusal,
    Usage,
    Wait,
)
from emulator.script.planning import Said
from emulator.settings import Settings
from emulator.tools.base import ToolContext

RESPONSE_ID = "resp_0011223344556677" + "00" + "67cb61fa" + "0123456789abcdef01234567"
STARTED = 1_763_000_000.25

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
citations = st.builds(
    lambda start, title: {
        "type": "url_citation",
        "start_index": start,
        "end_index": start + 1,
        "title": title,
        "url": "https://example.com/",
    },
    st.integers(0, 9),
    texts,
)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
items = st.sampled_from(
    [
        {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
        {"type": "image_generation_call", "result": "aGk=", "status": "completed"},
        {"type": "mcp_call", "server_label": "s", "name": "f", "arguments": "{}", "output": "ok"},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "message", "content": [{"type": "output_text", "text": "raw"}]},
    ]
)
LOGS = {"type": "logs", "logs": "1\n"}
RAN = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
FOUND = {"attributes": {"year": 2024}, "file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "A cat."}
TIMED_OUT = {"stdout": "", "stderr": "b", "outcome": {"type": "timeout"}}
# One or more calls of each hosted tool that is built, as a plan holds them when nothing is left to be prepared.
HOSTED = (
    HostedCall(
        "web_search_call", {"action": {"type": "search", "query": "x", "sources": [{"type": "url", "url": "u"}]}}
    ),
    HostedCall("web_search_call", {"action": {"type": "open_page", "url": "https://example.com/"}, "status": "failed"}),
    HostedCall("web_search_call", {"action": {"type": "find_in_page", "pattern": "x", "url": "u"}}, done=2.5),
    HostedCall("local_shell_call", {"action": {"type": "exec", "command": ["ls"], "env": {}}}),
    HostedCall("shell_call", {"action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}}),
    HostedCall("shell_call", {"action": {"commands": ["ls", "pwd"]}, "call_id": "call_1", "piecewise": True}),
    HostedCall("shell_call_output", {"call_id": "call_1", "output": [RAN, TIMED_OUT], "piecewise": True}),
    HostedCall("apply_patch_call", {"operation": {"type": "delete_file", "path": "a.txt"}}),
    HostedCall("code_interpreter_call", {"code": "print(1)", "container_id": "cntr_1", "outputs": [LOGS]}),
    HostedCall("code_interpreter_call", {"code": "1/0", "container_id": "cntr_1", "status": "failed"}, done=1.0),
    HostedCall("image_generation_call", {"prompt": "a cat", "result": "aGk=", "partials": ["aA==", "aGk="]}),
    HostedCall("image_generation_call", {"prompt": "a cat", "status": "failed"}),
    HostedCall("computer_call", {"action": {"type": "screenshot"}}),
    HostedCall(
        "computer_call",
        {"action": {"type": "type", "text": "hi"}, "pending_safety_checks": [{"code": "malicious", "message": "Hm."}]},
    ),
    HostedCall("mcp_list_tools", {"server_label": "s", "tools": [{"name": "f", "input_schema": {}}]}, done=1.5),
    HostedCall("mcp_list_tools", {"server_label": "s", "error": "gone"}),
    HostedCall("mcp_call", {"server_label": "s", "name": "f", "arguments": '{"a": 1}', "output": "ok"}, done=2.0),
    HostedCall("mcp_call", {"server_label": "s", "name": "f", "arguments": "", "error": "boom"}),
    HostedCall("mcp_approval_request", {"server_label": "s", "name": "f", "arguments": "{}"}),
    HostedCall("file_search_call", {"queries": ["cats", "dogs"], "results": [FOUND]}),
    HostedCall("file_search_call", {"queries": ["cats"], "results": [], "status": "failed"}),
)
raw_events = st.lists(st.just({"type": "response.audio.done"}), min_size=1, max_size=2).map(tuple)
steps = st.one_of(
    st.builds(Message, text=texts, annotations=st.lists(citations, max_size=2).map(tuple)),
    st.builds(Refusal, text=texts),
    st.builds(
        Reasoning,
        summary=st.lists(texts, max_size=3).map(tuple),
        tokens=st.integers(0, 99),
        text=texts,
        encrypted=st.sampled_from([None, "gAAAAAx"]),
    ),
    st.builds(FunctionCall, name=names, arguments=texts),
    st.builds(CustomToolCall, name=names, input=texts),
    st.sampled_from(HOSTED),
    st.just(Compaction("gAAAAAx")),
    st.builds(Item, item=items),
    st.builds(Events, events=raw_events),
    st.builds(Wait, seconds=st.sampled_from([0.0, 1.5])),
)
endings = st.one_of(
    st.just(Ending()),
    st.builds(
        Ending,
        status=st.just("failed"),
        code=st.just("server_error"),
        message=texts,
        error_event=st.sampled_from([None, "none", "nested", "flat"]),
    ),
    st.builds(Ending, status=st.just("incomplete"), reason=st.sampled_from(["max_output_tokens", "content_filter"])),
)
paces = st.builds(
    Pace,
    chunk=st.one_of(st.sampled_from(["token", "word", "character", "whole"]), st.integers(1, 9)),
    first=st.sampled_from([0.0, 0.3]),
    every=st.sampled_from([0.0, 0.02]),
)


def _name(step: object) -> object:
    """What a client knows an item by that is not made by the run: two of a plan may not share it."""
    fields = step.fields if isinstance(step, HostedCall) else {}
    return (step.type, fields["call_id"]) if "call_id" in fields else object()


plans = st.builds(
    Plan,
    steps=st.lists(steps, max_size=4, unique_by=_name).map(tuple),
    ending=endings,
    pace=paces,
    usage=st.builds(Usage, input=st.integers(0, 999), output=st.integers(0, 999)),
)


class NoContainers:
    """Containers of a run that is only looked at."""

    runs_code = False

    async def check(self, *_):
        """Everything is there."""

    async def open(self, *_):
        return "cntr_1"


def prepared(steps):
    """Scripted steps with what their tools add to them before a run, for a request that offers no tool."""
    request = parse_create(b'{"model": "gpt-4o", "input": "x"}')
    context = ToolContext(
        request=request,
        deployment=find("gpt-4o"),
        dialect=AZURE,
        headers={},
        items=(),
        before=ChainState(),
        settings=Settings(),
        response_id=RESPONSE_ID,
        ids=ItemIds(RESPONSE_ID, "tools"),
        now=STARTED,
        helpers=SimpleNamespace(containers=NoContainers(), vector_stores=None),
    )
    said = asyncio.run(prepare(Said(tuple(steps)), context))
    return said.steps


def empty_response(*, background=False):
    """The Response before its first event, with what the SDK's types ask for."""
    return {
        "id": RESPONSE_ID,
        "object": "response",
        "created_at": int(STARTED),
        "status": "queued" if background else "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "gpt-4o",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def whole_log(plan, *, background=False, gates=None):
    """The log of a plan run to its end, and its lines."""
    log = EventLog(empty_response(background=background))
    events = timeline(plan, RESPONSE_ID, STARTED, background=background, gates=gates or Gates())
    return log, [line for due in events for line in log.emit(due.type, due.fields)]


def as_typed(event):
    """An event as the official types have it: of `error` they know the flat form alone."""
    return {**event.get("error", {}), **event} if event["type"] == "error" else event


def events_of(lines):
    """Lines as the events that a client reads."""
    return [orjson.loads(line) for line in lines]
