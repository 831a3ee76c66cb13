"""Faults at the connection: what a socket sees, what the official client sees, what the server keeps."""

import errno
import socket

import openai
import orjson
import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings
from tests.conftest import KEY
from tests.faults.meeting import HOW, Place, Sleepers, in_thread

BODY = {"model": "gpt-4o", "input": "Grüße an alle", "stream": True}


def exchange(place, header, **body):
    """All bytes that a bare socket gets, and the error that it ends with."""
    host, _, port = place.server.url.removeprefix("http://").partition(":")
    content = orjson.dumps({**BODY, **body})
    request = (
        f"POST {place.prefix}/openai/v1/responses HTTP/1.1\r\nHost: localhost\r\napi-key: {KEY}\r\n"
        f"X-Emulator-Fault: {header}\r\nContent-Length: {len(content)}\r\nContent-Type: application/json\r\n\r\n"
    )
    got, failure = b"", None
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request.encode() + content)
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError as error:
            failure = error.errno
    return got, failure


def test_a_reset_is_a_reset_on_the_socket(place):
    assert exchange(place, "reset") == (b"", errno.ECONNRESET)
    got, failure = exchange(place, "reset; at_event=5")
    assert failure == errno.ECONNRESET
    assert got.count(b"event: ") == 5


def test_an_unclean_cut_closes_in_the_middle_of_the_body(place):
    got, failure = exchange(place, "cut; clean=false; at_event=3")
    assert failure is None
    assert got.count(b"event: ") == 3
    assert not got.endswith(b"0\r\n\r\n")


def test_a_clean_cut_ends_the_body_as_http_does(place):
    http = place.http(**{"X-Emulator-Fault": "cut; at_event=3"})
    assert http.post("/responses", json=BODY).text.count("event: ") == 3
    assert http.get("/models").status_code == 200, "the connection is still good"


def test_a_bad_chunk_is_on_the_wire(place):
    got, failure = exchange(place, "bad_chunk; at_event=2")
    assert failure is None
    assert got.endswith(b"\r\nnot a chunk\r\n")
    assert got.count(b"event: ") == 2


def test_an_empty_answer_has_no_byte(place):
    assert exchange(place, "empty") == (b"", None)


@pytest.mark.parametrize("size", [0, 1, 100, 1000])
def test_after_bytes_counts_the_bytes_of_the_body(place, size):
    got, failure = exchange(place, f"reset; after_bytes={size}", stream=False)
    assert failure == errno.ECONNRESET
    assert len(got.partition(b"\r\n\r\n")[2]) == size


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("header", "events", "cause"),
    [
        ("reset", 0, "ConnectionResetError"),
        ("reset; at_event=5", 5, "ConnectionResetError"),
        ("reset; before=response.completed", 15, "ConnectionResetError"),
        ("empty", 0, "without sending a response"),
        ("cut; clean=false", 15, "incomplete chunked read"),
        ("bad_chunk", 4, "illegal chunk header"),
    ],
)
def test_the_client_raises_a_connection_error(place, how, header, events, cause):
    seen = place.meet(how, header, stream=True)
    assert isinstance(seen.failure, openai.APIConnectionError)
    assert cause in seen.cause
    assert len(seen.events) == events


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("header", ["reset", "empty", "cut; clean=false", "bad_chunk", "reset; after_bytes=9"])
def test_a_plain_answer_is_broken_too(place, how, header):
    seen = place.meet(how, header)
    assert isinstance(seen.failure, openai.APIConnectionError)


@pytest.mark.parametrize("how", HOW)
def test_a_clean_cut_looks_like_a_stream_that_just_ends(place, how):
    seen = place.meet(how, "cut", stream=True)
    assert seen.failure is None
    assert seen.types[-1] == "response.output_item.done"
    plain = place.meet(how, "cut")
    assert isinstance(plain.failure, orjson.JSONDecodeError | ValueError)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    "header", ["reset; at_event=5", "cut", "cut; clean=false", "bad_chunk", "cut_before_completed"]
)
def test_a_foreground_run_that_was_cut_is_not_stored(place, how, header):
    seen = place.meet(how, header, stream=True)
    assert place.http().get(f"/responses/{seen.events[0].response.id}").status_code == 404


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("header", ["reset; at_event=5", "cut"])
def test_a_background_run_goes_on_without_its_reader(place, how, header):
    seen = place.meet(how, header, stream=True, background=True)
    response_id = seen.events[0].response.id
    last = seen.events[-1].sequence_number
    rest = place.http().get(f"/responses/{response_id}", params={"stream": "true", "starting_after": last})
    assert rest.text.startswith("event: ")
    assert orjson.loads(rest.text.rpartition("data: ")[2])["type"] == "response.completed"


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("header", "events"), [("stall", 0), ("stall; at_event=5", 5)])
def test_a_stalled_answer_runs_into_the_clients_timeout(place, how, header, events):
    seen = place.meet(how, header, stream=True, timeout=0.3)
    assert isinstance(seen.failure, openai.APITimeoutError)
    assert len(seen.events) == events
    assert place.meet(how).failure is None


def test_a_stalled_answer_does_not_keep_the_server_from_stopping(start_server):
    server = start_server()
    place = Place(server)
    waiting = [
        in_thread(lambda header=header: place.meet("sync", header, stream=True))
        for header in ("stall", "stall; at_event=2")
    ]
    while len(server._thread._server.server_state.tasks) < len(waiting):
        server.http().get("/models")
    server.__exit__()
    server._clients.clear()
    for result in waiting:
        assert isinstance(result().failure, openai.APIConnectionError | openai.InternalServerError)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("stream", [False, True])
def test_a_delay_is_one_of_the_namespaces_clock(start_server, how, stream):
    server = start_server(clock := frozen())
    place, sleepers = Place(server), Sleepers(server)
    result = in_thread(lambda: place.meet(how, "delay=1h", stream=stream))
    sleepers.wait()
    clock.advance(3600)
    assert result().failure is None


@pytest.mark.parametrize("how", HOW)
def test_a_client_that_leaves_during_a_delay_leaves_nothing_behind(start_server, how):
    place = Place(start_server(frozen()))
    place.fault({"kind": "delay", "delay": 60, "times": 1})
    assert isinstance(place.meet(how, timeout=0.3).failure, openai.APITimeoutError)
    assert place.meet(how).failure is None


@pytest.mark.parametrize("how", HOW)
def test_a_dripping_answer_comes_whole(place, how):
    seen = place.meet(how, "drip; bytes=400; every=0", stream=True)
    assert seen.types[-1] == "response.completed"
    assert place.meet(how, "drip; bytes=400; every=0").response.status == "completed"


def test_a_drip_waits_by_the_namespaces_clock(start_server):
    server = start_server(clock := frozen())
    place, other, sleepers = Place(server), server.http(), Sleepers(server)
    result = in_thread(lambda: place.meet("sync", "drip; bytes=1000; every=1m"))
    sleepers.wait()
    while result.running():  # a minute for each piece, and the sweep wakes in between
        clock.advance(60)
        other.get("/models")
    assert result().response.status == "completed"


def frozen():
    from emulator.core.clock import Clock

    return Clock(1_763_000_000.0)


def test_a_server_says_that_it_has_its_connections_in_reach(place):
    assert place.control.get("/info").json()["wire_faults"] is True


def test_a_server_without_the_connection_refuses_what_needs_it():
    headers = {"api-key": KEY, "X-Emulator-Fault": "reset"}
    with TestClient(create_app(Settings(log_level="quiet"))) as http:
        assert http.get("/_emulator/info", headers={"host": "localhost"}).json()["wire_faults"] is False
        refused = http.post("/openai/v1/responses", json={**BODY, "stream": False}, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
        added = http.post("/_emulator/faults", json={"kind": "empty"}, headers={"host": "localhost"})
        assert "'serve'" in added.json()["error"]["message"]
        fine = http.post("/_emulator/faults", json={"kind": "cut"}, headers={"host": "localhost"})
        assert fine.status_code == 200
