"""Every event type of the official types, asked for over the wire, with all that its type requires on the frame."""

import asyncio
import itertools
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import openai
import orjson
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from emulator.core.clock import Clock
from emulator.settings import Settings
from tests.conftest import RunningServer
from tests.plans import as_typed

EVENTS = TypeAdapter(ResponseStreamEvent)
WEB = {"type": "web_search"}
SEARCH = {"type": "file_search", "vector_store_ids": ["vs_1"]}
CODE = {"type": "code_interpreter", "container": {"type": "auto"}}
DRAW = {"type": "image_generation", "partial_images": 2}
CITATION = {"type": "url_citation", "start_index": 0, "end_index": 2, "title": "t", "url": "https://example.com/"}
FOUND = {"filename": "a.md", "text": "A cat."}
DOWN = {"code": "server_error", "message": "Down."}
# What the model says, and what more the request has.
ASKED = {
    "a citation": ([{"message": {"text": "Hi.", "annotations": [CITATION]}}], {"background": True}),
    "a refusal": ([{"refusal": "No."}], {}),
    "reasoning": ([{"reasoning": {"summary": "Hm.", "text": "Well."}}, {"message": "So."}], {}),
    "calls": (
        [{"function_call": {"name": "f", "arguments": {"a": 1}}}, {"custom_tool_call": {"name": "c", "input": "x"}}],
        {"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}]},
    ),
    "a search": ([{"web_search_call": "cats"}, {"file_search_call": {"query": "cats", "results": [FOUND]}}], {}),
    "code": ([{"code_interpreter_call": {"code": "1", "logs": "1"}}], {"tools": [CODE]}),
    "a picture": ([{"image_generation_call": "a cat"}], {"tools": [DRAW]}),
    "MCP": (
        [
            {"mcp_list_tools": {"server_label": "m", "tools": ["f", "g"]}},
            {"mcp_call": {"server_label": "m", "name": "f", "arguments": {}, "output": "ok"}},
            {"mcp_call": {"server_label": "m", "name": "g", "arguments": {}, "error": "no"}},
            {"mcp_list_tools": {"server_label": "n", "error": "gone"}},
        ],
        {},
    ),
    "a shell": (
        [{"shell_call": {"commands": ["ls"], "piecewise": True, "output": [{"stdout": "a"}]}}],
        {"tools": [{"type": "shell"}]},
    ),
    "a compaction": ([{"message": "Hi."}, {"compaction": None}], {}),
    "a cut answer": ([{"message": "Once"}, {"incomplete": "max_output_tokens"}], {}),
    "a failure": ([{"message": "I was"}, {"fail": {**DOWN, "error_event": True}}], {}),
    "a flat failure": ([{"message": "I was"}, {"fail": {**DOWN, "error_event": "flat"}}], {}),
    # No known answer of the service has audio: a script sends the events as they are.
    "audio": (
        [
            {
                "events": [
                    {"type": "response.audio.delta", "delta": "UklGRg=="},
                    {"type": "response.audio.transcript.delta", "delta": "Hello"},
                    {"type": "response.audio.transcript.done"},
                    {"type": "response.audio.done"},
                ]
            },
            {"message": "Hello"},
        ],
        {},
    ),
}  # fmt: skip


def models_of(union):
    """The models of a union, those of unions within it too."""
    if get_origin(union) is Annotated:
        return models_of(get_args(union)[0])
    if get_origin(union) in (Union, UnionType):
        return [model for one in get_args(union) for model in models_of(one)]
    return [union]


MODELS = {get_args(model.model_fields["type"].annotation)[0]: model for model in models_of(ResponseStreamEvent)}


def frames(text):
    return [(frame.split("\n")[0], orjson.loads(frame.split("\ndata: ")[1])) for frame in text.split("\n\n") if frame]


@pytest.fixture(scope="module")
def streams():
    """The frames of each thing asked for, from one server."""
    with RunningServer(Settings(log_level="quiet"), Clock()) as server:
        http = server.http(**{"x-ms-oai-image-generation-deployment": "gpt-image-1"})
        for name, (then, _) in ASKED.items():
            fixture = {"when": {"input": f"/^{name}$/"}, "then": then}
            added = http.post(f"{server.url}/_emulator/fixtures", json=fixture)
            assert added.status_code == 200, added.text
        told = {}
        for name, (_, more) in ASKED.items():
            body = {"model": "gpt-5", "input": name, "stream": True, **more}
            answer = http.post("/responses", json=body)
            assert answer.status_code == 200, answer.text
            told[name] = frames(answer.text)
        yield told


def test_every_type_of_the_official_union_is_produced(streams):
    seen = {event["type"] for _, event in itertools.chain(*streams.values())}
    assert seen == set(MODELS)


def test_every_frame_has_what_its_type_requires_and_is_named_by_it(streams):
    for line, event in itertools.chain(*streams.values()):
        assert line == f"event: {event['type']}"
        typed = as_typed(event)
        model = MODELS[event["type"]]
        required = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
        assert required <= set(typed), event
        assert EVENTS.validate_python(typed).type == event["type"]


@pytest.mark.parametrize("name", ASKED)
def test_every_stream_is_numbered_without_a_gap_and_ends_once(streams, name):
    events = [event for _, event in streams[name]]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"]["status"] in ("completed", "failed", "incomplete")


def test_the_error_event_is_nested_as_the_service_sends_it_or_flat_as_it_is_typed(streams):
    nested, flat = (streams[name][-2][1] for name in ("a failure", "a flat failure"))
    error = {"type": "server_error", "code": "server_error", "message": "Down.", "param": None}
    assert nested == {"type": "error", "sequence_number": nested["sequence_number"], "error": error}
    told = {"code": "server_error", "message": "Down.", "param": None}
    assert flat == {"type": "error", "sequence_number": flat["sequence_number"], **told}


def test_a_setting_sends_the_error_event_where_the_script_leaves_it_open(start_server):
    server = start_server(error_event="nested")
    http = server.http()
    for name, more in {"open": {}, "none": {"error_event": False}}.items():
        fixture = {"when": {"input": name}, "then": [{"fail": {**DOWN, **more}}]}
        assert http.post(f"{server.url}/_emulator/fixtures", json=fixture).status_code == 200
    kinds = {}
    for name in ("open", "none"):
        answer = http.post("/responses", json={"model": "gpt-4o", "input": name, "stream": True})
        kinds[name] = [event["type"] for _, event in frames(answer.text)][2:]
    assert kinds == {"open": ["error", "response.failed"], "none": ["response.failed"]}


def test_a_run_that_is_failed_by_hand_sends_it_too(start_server):
    server = start_server(error_event="flat")
    http = server.http()
    fixture = {"when": {"input": "wait"}, "then": [{"message": "Hi."}], "background": "manual"}
    assert http.post(f"{server.url}/_emulator/fixtures", json=fixture).status_code == 200
    body = {"model": "gpt-4o", "input": "wait", "stream": True, "background": True}
    with http.stream("POST", "/responses", json=body) as answer:
        lines = answer.iter_lines()
        created = next(line for line in lines if line.startswith("data: "))
        made = orjson.loads(created.removeprefix("data: "))["response"]["id"]
        failed = server.http().post(f"{server.url}/_emulator/responses/{made}/fail", json=DOWN)
        assert failed.status_code == 200, failed.text
        rest = [orjson.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [event["type"] for event in rest[-2:]] == ["error", "response.failed"]
    assert rest[-2]["code"] == "server_error"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_official_client_raises_a_nested_error_and_hands_a_flat_one_on(start_server, how):
    server = start_server()
    for form in ("nested", "flat"):
        fixture = {"when": {"input": form}, "then": [{"fail": {**DOWN, "error_event": form}}]}
        added = server.http().post(f"{server.url}/_emulator/fixtures", json=fixture)
        assert added.status_code == 200, added.text
    seen, failure = _read(server, how, "nested")
    assert isinstance(failure, openai.APIError)
    assert (failure.code, failure.message, seen[-1]) == ("server_error", "Down.", "response.in_progress")
    seen, failure = _read(server, how, "flat")
    assert failure is None
    assert seen[-2:] == ["error", "response.failed"]


def _read(server, how, text):
    """The types that the client read, and what it raised."""
    asked = {"model": "gpt-4o", "input": text, "stream": True}
    seen = []

    async def read():
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as client:
            async for event in await client.responses.create(**asked):
                seen.append(event.type)  # noqa: PERF401 (what came before a failure counts)

    try:
        if how == "async":
            asyncio.run(read())
        else:
            for event in server.client("/v1").responses.create(**asked):
                seen.append(event.type)  # noqa: PERF401 (what came before a failure counts)
    except openai.APIError as error:
        return seen, error
    return seen, None
