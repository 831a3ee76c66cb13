"""Frames on the connection itself: each write is whole frames, paced or not; a quiet stream lives on."""

import json
import socket
import threading

import orjson
import pytest

from emulator.core import clock
from emulator.core.clock import Clock
from emulator.run import create
from emulator.run.timeline import AT_ONCE
from tests.conftest import KEY

NOON = 1_763_035_200.0
LONG = "Write me a very long story"


class Connection:
    """One streamed request on a bare socket, its answer chunk by chunk as HTTP sends it."""

    def __init__(self, server, method, path, body=None):
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self._file = self._socket.makefile("rb")
        data = b"" if body is None else orjson.dumps(body)
        head = f"{method} /openai/v1{path} HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\ncontent-length: {len(data)}\r\n\r\n"
        self._socket.sendall(head.encode() + data)
        assert b" 200 " in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._socket.close()

    def chunk(self):
        """The next chunk; empty at the end."""
        size = int(self._file.readline(), 16)
        data = self._file.read(size)
        assert self._file.readline() == b"\r\n"
        return data

    def chunks(self):
        return list(iter(self.chunk, b""))


def events(chunks):
    """The events of some chunks, each of which must be whole frames, or one comment."""
    found = []
    for chunk in chunks:
        assert chunk.endswith(b"\n\n")
        for frame in chunk.split(b"\n\n")[:-1]:
            if frame == b": keep-alive":
                continue
            first, data = frame.split(b"\n")
            event = orjson.loads(data.removeprefix(b"data: "))
            assert first.decode() == f"event: {event['type']}"
            found.append(event)
    return found


def numbers(chunks):
    return [event["sequence_number"] for event in events(chunks)]


def script(server, **fixture):
    answer = server.http().post(f"{server.url}/_emulator/fixtures", json={"when": {}, **fixture})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("every", ["0ms", "1ms"])
@pytest.mark.parametrize("background", [False, True])
def test_every_write_is_whole_frames(start_server, every, background):
    server = start_server()
    script(server, then=[{"message": "Grüße, 世界. " * 60}], stream={"chunk": "token", "every": every})
    body = {"model": "gpt-4o", "input": "Hi", "stream": True, "background": background}
    with Connection(server, "POST", "/responses", body) as connection:
        chunks = connection.chunks()
    assert numbers(chunks) == list(range(len(numbers(chunks))))
    assert events(chunks)[-1]["type"] == "response.completed"


def test_a_frame_of_megabytes_is_one_write(start_server):
    server = start_server()
    script(server, then=[{"message": "x" * 2_000_000}], stream={"chunk": 2_000_000})
    with Connection(server, "POST", "/responses", {"model": "gpt-4o", "input": "Hi", "stream": True}) as connection:
        seen = events(connection.chunks())
    assert len(next(event for event in seen if event["type"].endswith(".delta"))["delta"]) == 2_000_000


def test_a_resume_after_any_event_sends_whole_frames_too(start_server):
    server = start_server()
    body = {"model": "gpt-4o", "input": "Say hello", "stream": True, "background": True}
    with Connection(server, "POST", "/responses", body) as connection:
        whole = events(connection.chunks())
    made = whole[0]["response"]["id"]
    for after in range(len(whole)):
        path = f"/responses/{made}?stream=true&starting_after={after}"
        with Connection(server, "GET", path) as connection:
            assert events(connection.chunks()) == whole[after + 1 :]


def test_an_event_of_nothing_but_its_type_is_sent_and_resumed_at(start_server):
    server = start_server()
    script(server, then=[{"events": [{"type": "response.audio.done"}]}, {"message": "Hi."}])
    body = {"model": "gpt-4o", "input": "Hi", "stream": True, "background": True}
    with Connection(server, "POST", "/responses", body) as connection:
        whole = events(connection.chunks())
    assert whole[3] == {"type": "response.audio.done", "sequence_number": 3}
    path = f"/responses/{whole[0]['response']['id']}?stream=true&starting_after=2"
    with Connection(server, "GET", path) as connection:
        assert events(connection.chunks()) == whole[3:]


def test_many_followers_of_one_paced_run_each_get_whole_frames(start_server):
    server = start_server()
    script(server, then=[{"message": "One two three four five. " * 20}], stream={"every": "1ms"}, background="manual")
    body = {"model": "gpt-4o", "input": "Hi", "stream": True, "background": True}
    with Connection(server, "POST", "/responses", body) as first:
        made = events([first.chunk()])[0]["response"]["id"]
        seen = {}

        def follow(name):
            with Connection(server, "GET", f"/responses/{made}?stream=true") as connection:
                seen[name] = events(connection.chunks())

        followers = [threading.Thread(target=follow, args=(name,)) for name in range(8)]
        for follower in followers:
            follower.start()
        assert server.http().post(f"{server.url}/_emulator/responses/{made}/complete").status_code == 200
        for follower in followers:
            follower.join()
        first.chunks()
    assert all(one == seen[0] for one in seen.values())
    assert [event["sequence_number"] for event in seen[0]] == list(range(len(seen[0])))


@pytest.mark.parametrize("wanted", [True, False, None])
def test_padding_is_on_deltas_unless_it_is_unwanted_at_create_and_at_resume(start_server, wanted):
    server = start_server()
    options = {} if wanted is None else {"stream_options": {"include_obfuscation": wanted}}
    body = {"model": "gpt-4o", "input": "Say hello", "stream": True, "background": True, **options}
    with Connection(server, "POST", "/responses", body) as connection:
        created = events(connection.chunks())
    query = "" if wanted is None else f"&include_obfuscation={json.dumps(wanted)}"
    path = f"/responses/{created[0]['response']['id']}?stream=true{query}"
    with Connection(server, "GET", path) as connection:
        resumed = events(connection.chunks())
    assert resumed == created
    padded = {event["type"].rpartition(".")[2]: "obfuscation" in event for event in created}
    assert padded["delta"] is (wanted is not False)
    assert not any(is_padded for last, is_padded in padded.items() if last != "delta")


def test_a_long_idle_background_stream_is_kept_alive_and_gets_its_events_when_they_come(start_server):
    clock = Clock(NOON)
    server = start_server(clock, keep_alive=15.0)
    script(server, then=[{"message": "At last."}], background="manual")
    body = {"model": "gpt-4o", "input": "Hi", "stream": True, "background": True}
    with Connection(server, "POST", "/responses", body) as connection:
        begun = events([connection.chunk()])
        assert [event["type"] for event in begun] == ["response.created", "response.queued"]
        made = begun[0]["response"]["id"]
        for _ in range(40):  # ten minutes
            clock.advance(15)
            assert connection.chunk() == b": keep-alive\n\n"
        done = server.http().post(f"{server.url}/_emulator/responses/{made}/complete")
        assert done.json()["status"] == "completed"
        rest = events(connection.chunks())
    assert [event["sequence_number"] for event in rest] == list(range(2, 2 + len(rest)))
    assert rest[-1]["type"] == "response.completed"


def test_the_official_client_stays_through_the_comments(start_server):
    clock = Clock(NOON)
    server = start_server(clock, keep_alive=1.0)
    script(server, then=[{"message": "At last."}], background="manual")
    stream = server.client().responses.create(model="gpt-4o", input="Hi", stream=True, background=True)
    made = next(iter(stream)).response.id
    for _ in range(3):
        clock.advance(1)
    assert server.http().post(f"{server.url}/_emulator/responses/{made}/complete").status_code == 200
    assert [event.type for event in stream][-1] == "response.completed"


# What a run says when its client leaves, and how many of its deltas the client waits for.
@pytest.mark.parametrize("deltas", [0, 1, 3])
@pytest.mark.parametrize(
    "step",
    [
        {"message": "One two three four five."},
        {"refusal": "I cannot help with that."},
        {"reasoning": {"summary": "Let me think of it.", "text": "It is four I say."}},
        {"function_call": {"name": "f", "arguments": {"a": "one two three four"}}},
        {"custom_tool_call": {"name": "c", "input": "SELECT one two three"}},
        {"code_interpreter_call": "print(1 + 2 + 3)"},
    ],
    ids=lambda step: next(iter(step)),
)
def test_a_client_that_leaves_in_the_midst_of_anything_leaves_nothing(start_server, step, deltas):
    clock = Clock(NOON)
    server = start_server(clock)
    script(server, then=[step, {"message": "Done."}], stream={"chunk": 4, "every": "1s"})
    tools = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    body = {"model": "gpt-4o", "input": "Hi", "stream": True, "tools": tools}
    with Connection(server, "POST", "/responses", body) as connection:
        seen = events([connection.chunk()])
        for _ in range(deltas):
            clock.advance(1)
            seen += events([connection.chunk()])
    assert seen[-1]["type"].endswith(".delta") == (deltas > 0)
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    http = server.http()
    left = {"match": {"input": "Hi"}, "exactly": 1, "within": "20s"}  # until the server has noticed
    assert http.post(f"{server.url}/_emulator/verify", json=left).json()["passed"]
    clock.advance(3600)
    made = seen[0]["response"]["id"]
    assert http.get(f"/responses/{made}").status_code == 404
    again = http.post("/responses", json={"model": "gpt-4o", "input": "Hi", "previous_response_id": made})
    assert again.json()["error"]["code"] == "previous_response_not_found"


@pytest.mark.off_contract
def test_a_stream_lets_others_go_on_after_so_many_events(start_server, monkeypatch):
    breaths = []

    async def breathe():
        breaths.append(True)
        await clock.breathe()

    monkeypatch.setattr(create, "breathe", breathe)
    server = start_server()
    raw = [{"type": "response.custom", "x": number} for number in range(AT_ONCE - 7)]
    then = [{"message": " word" * 3 * AT_ONCE}, {"events": raw}, {"message": " word" * (AT_ONCE - 1)}]
    put = server.http("").put("/_emulator/fixtures", json=[{"when": {"input": "mixed"}, "then": then}])
    assert put.status_code == 200, put.text
    with Connection(server, "POST", "/responses", {"model": "gpt-4o", "input": "mixed", "stream": True}) as stream:
        chunks = stream.chunks()
    assert max(chunk.count(b"\ndata: ") for chunk in chunks) <= AT_ONCE
    assert len(breaths) >= len(chunks) - 1
