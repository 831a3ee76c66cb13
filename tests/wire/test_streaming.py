"""Foreground streams: framing, order, padding, headers, and what a disconnect does."""

import itertools
from pathlib import Path

import orjson
import pytest

from emulator.core.clock import Clock

TEXT = ["response.output_item.added", "response.content_part.added", "response.output_text.delta",
        "response.output_text.done", "response.content_part.done", "response.output_item.done"]  # fmt: skip
REASONING = ["response.output_item.added", "response.reasoning_summary_part.added",
             "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
             "response.reasoning_summary_part.done", "response.output_item.done"]  # fmt: skip
CALL = ["response.output_item.added", "response.function_call_arguments.delta",
        "response.function_call_arguments.done", "response.output_item.done"]  # fmt: skip
REFUSAL = [name.replace("output_text", "refusal") for name in TEXT]
BEGIN, END = ["response.created", "response.in_progress"], ["response.completed"]
WEATHER = {"type": "function", "name": "get_weather", "parameters": {
    "type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"],
}}  # fmt: skip


def frames(answer):
    *parts, last = answer.text.split("\n\n")
    assert last == ""
    return parts


def events(answer):
    return [orjson.loads(frame.split("\ndata: ", 1)[1]) for frame in frames(answer)]


def stream(http, **body):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "Hello there", "stream": True, **body})
    assert answer.status_code == 200, answer.text
    return answer


def kinds(answer):
    """The event types in order, repeated ones once."""
    return [kind for kind, _ in itertools.groupby(event["type"] for event in events(answer))]


def test_frames_are_event_and_data_and_nothing_else(http):
    answer = stream(http)
    for frame in frames(answer):
        first, second = frame.split("\n")
        assert first == "event: " + orjson.loads(second.removeprefix("data: "))["type"]
    assert "[DONE]" not in answer.text


def test_headers_of_a_stream(http):
    headers = stream(http).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["connection"] == "keep-alive"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ({}, BEGIN + TEXT + END),
        ({"model": "o3"}, [*BEGIN, "response.output_item.added", "response.output_item.done", *TEXT, *END]),
        ({"model": "o3", "reasoning": {"summary": "auto"}}, None),
        ({"tools": [WEATHER], "input": "weather in Oslo?"}, BEGIN + CALL + END),
    ],
)
def test_events_come_in_the_canonical_order(http, body, order):
    seen = kinds(stream(http, **body))
    if order is None:  # one block or more for the parts of the summary
        assert seen[: len(BEGIN + REASONING) - 1] == (BEGIN + REASONING)[:-1]
        assert seen[-len(TEXT + END) :] == TEXT + END
    else:
        assert seen == order


def test_a_scripted_refusal_failure_and_cut_answer(start_server, tmp_path):
    script = tmp_path / "script.yaml"
    script.write_text(
        "- when: {input: refuse}\n"
        "  then: [{refusal: I cannot help with that.}]\n"
        "- when: {input: fail}\n"
        "  then: [{message: I was about to}, {fail: {code: server_error, message: It crashed.}}]\n"
        "- when: {input: cut}\n"
        "  then: [{message: Half of it}, {incomplete: content_filter}]\n",
        "utf-8",
    )
    http = start_server(fixtures=script).http()
    assert kinds(stream(http, input="refuse")) == BEGIN + REFUSAL + END
    assert kinds(stream(http, input="fail")) == [*BEGIN, *TEXT, "response.failed"]
    assert kinds(stream(http, input="cut")) == [*BEGIN, *TEXT, "response.incomplete"]
    failed = http.post("/responses", json={"model": "gpt-4o", "input": "fail"})
    assert failed.status_code == 200
    assert failed.json()["status"] == "failed"
    assert failed.json()["error"] == {"code": "server_error", "message": "It crashed."}
    cut = http.post("/responses", json={"model": "gpt-4o", "input": "cut"}).json()
    assert (cut["status"], cut["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    assert [entry["blocked"] for entry in cut["content_filters"]] == [False, True]


def test_the_streamed_end_is_what_is_retrieved_and_what_a_plain_answer_says(http):
    last = events(stream(http))[-1]["response"]
    assert http.get(f"/responses/{last['id']}").json() == last
    plain = http.post("/responses", json={"model": "gpt-4o", "input": "Hello there"}).json()
    same = [name for name in plain if name not in ("id", "output", "created_at", "completed_at")]
    assert {name: last[name] for name in same} == {name: plain[name] for name in same}
    assert last["output"][0]["content"] == plain["output"][0]["content"]


def test_padding_is_on_deltas_only_and_can_be_left_out(http):
    for event in events(stream(http)):
        assert ("obfuscation" in event) == event["type"].endswith(".delta")
    bare = events(stream(http, stream_options={"include_obfuscation": False}))
    assert not any("obfuscation" in event for event in bare)


def test_padding_hides_the_length_of_a_delta(http):
    data = [frame.split("\ndata: ", 1)[1] for frame in frames(stream(http)) if ".delta\n" in frame]
    assert len({len(text) % 16 for text in data}) == 1


def test_a_stream_that_is_not_stored_is_gone(http):
    last = events(stream(http, store=False))[-1]["response"]
    assert http.get(f"/responses/{last['id']}").status_code == 404


def test_leaving_a_foreground_stream_ends_its_run(start_server):
    clock = Clock(1_763_000_000.0)
    http = start_server(clock, stream_every=1.0).http()
    with http.stream("POST", "/responses", json={"model": "gpt-4o", "input": "x", "stream": True}) as answer:
        line = next(itertools.islice(answer.iter_lines(), 1, None))
    response_id = orjson.loads(line[6:])["response"]["id"]
    clock.advance(3600)
    assert http.get(f"/responses/{response_id}").status_code == 404


def test_a_foreground_run_cannot_be_seen_before_its_end(start_server):
    clock = Clock(1_763_000_000.0)
    server = start_server(clock, stream_every=1.0)
    http, other = server.http(), server.http()
    with http.stream("POST", "/responses", json={"model": "gpt-4o", "input": "x", "stream": True}) as answer:
        lines = answer.iter_lines()
        response_id = orjson.loads(next(itertools.islice(lines, 1, None))[6:])["response"]["id"]
        for answer_then in (
            other.get(f"/responses/{response_id}"),
            other.delete(f"/responses/{response_id}"),
            other.post(f"/responses/{response_id}/cancel"),
        ):
            assert answer_then.status_code == 404
        clock.advance(3600)
        *_, last = (line for line in lines if line)
    assert other.get(f"/responses/{response_id}").json() == orjson.loads(last[6:])["response"]


def test_the_done_line_is_sent_only_where_it_is_asked_for_and_only_by_openai(start_server):
    server = start_server(done_frame=True)
    body = {"model": "gpt-4o", "input": "x", "stream": True}
    assert server.http("/v1").post("/responses", json=body).text.endswith("data: [DONE]\n\n")
    assert "[DONE]" not in server.http("/openai/v1").post("/responses", json=body).text


def test_errors_before_a_stream_are_plain_json(http):
    answer = http.post("/responses", json={"model": "gpt-4o", "stream": True})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"


def test_another_servers_stop_does_not_cut_our_streams(start_server, monkeypatch):
    from sse_starlette.sse import AppStatus

    clock = Clock(1_763_000_000.0)
    http = start_server(clock, stream_every=1.0).http()
    monkeypatch.setattr(AppStatus, "should_exit", True)
    with http.stream("POST", "/responses", json={"model": "gpt-4o", "input": "x", "stream": True}) as answer:
        lines = answer.iter_lines()
        next(lines)
        clock.advance(3600)
        assert '"type":"response.completed"' in [line for line in lines if line][-1]


def test_the_official_helper_accumulates_every_shipped_fixture(start_server):
    client = start_server(fixtures=Path("fixtures")).client()
    for asked in ("What is the weather?", "long story"):
        with client.responses.stream(model="gpt-4o", input=asked, tools=[WEATHER]) as helper:
            final = helper.until_done().get_final_response()
        assert final.status == "completed"
        assert client.responses.retrieve(final.id).output_text == final.output_text
