"""Faults of single events: what is on the wire, and what the official client makes of it."""

import json

import openai
import orjson
import pytest

from tests.faults.meeting import HOW

BODY = {"model": "gpt-4o", "input": "Grüße an alle", "stream": True}


def frames(place, header):
    answer = place.http(**{"X-Emulator-Fault": header}).post("/responses", json=BODY)
    return [orjson.loads(frame.partition("data: ")[2]) for frame in answer.text.split("\n\n")[:-1]]


def numbers(place, header):
    return [event["sequence_number"] for event in frames(place, header)]


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("duplicate_event; at_event=5", [3, 4, 5, 5, 6, 7]),
        ("drop_event; at_event=5", [3, 4, 6, 7, 8, 9]),
        ("reorder_events; at_event=5", [3, 4, 6, 5, 7, 8]),
        ("keepalive_event; at_event=5", [3, 4, 4, 5, 6, 7]),
        ("unknown_event; at_event=5", [3, 4, 4, 5, 6, 7]),
    ],
)
def test_one_event_is_double_missing_late_or_new(place, header, order):
    assert numbers(place, header)[3:9] == order


def test_the_last_event_can_be_struck_too(place):
    whole = numbers(place, "split_utf8")
    assert numbers(place, "reorder_events; before=response.completed") == whole
    assert numbers(place, "drop_event; before=response.completed") == whole[:-1]
    assert numbers(place, "duplicate_event; at_event=0")[:3] == [0, 0, 1]


def test_a_keepalive_event_has_the_form_that_is_reported(place):
    struck = frames(place, "keepalive_event; at_event=6")
    assert struck[6] == {"type": "keepalive", "sequence_number": 5}


def test_an_error_event_takes_the_place_and_the_number_of_an_event_and_ends_the_stream(place):
    struck = frames(place, "error_event; at_event=4")
    message = "The server had an error while processing your request. Sorry about that!"
    error = {"type": "server_error", "code": "server_error", "message": message, "param": None}
    assert [event["sequence_number"] for event in struck] == [0, 1, 2, 3, 4]
    assert struck[-1] == {"type": "error", "sequence_number": 4, "error": error}
    flat = frames(place, "error_event; before=response.completed; flat=true; code=overloaded; message=Busy.")
    assert {**flat[-1], "sequence_number": 0} == {
        "type": "error",
        "sequence_number": 0,
        "code": "overloaded",
        "message": "Busy.",
        "param": None,
    }


def test_a_run_that_ends_with_an_error_event_is_not_stored(place):
    created = frames(place, "error_event; before=response.completed")[0]["response"]
    assert place.http().get(f"/responses/{created['id']}").status_code == 404


def test_a_character_is_split_between_two_chunks(place):
    http = place.http(**{"X-Emulator-Fault": "split_utf8"})
    with http.stream("POST", "/responses", json=BODY) as answer:
        pieces = list(answer.iter_raw())
    broken = [piece for piece in pieces if not _decodes(piece)]
    assert len(broken) == 2
    assert "Grüße" in b"".join(pieces).decode()


def _decodes(piece):
    try:
        return bool(piece.decode()) or True
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("header", "change"),
    [
        ("duplicate_event", 1),
        ("drop_event", -1),
        ("reorder_events", 0),
        ("keepalive_event", 1),
        ("unknown_event", 1),
        ("split_utf8", 0),
    ],
)
def test_the_client_reads_on_to_the_end(place, how, header, change):
    seen, whole = place.meet(how, header, stream=True), place.meet(how, stream=True)
    assert seen.failure is None
    assert seen.types[-1] == "response.completed"
    assert len(seen.types) == len(whole.types) + change
    assert seen.events[-1].response.output_text == whole.events[-1].response.output_text


@pytest.mark.parametrize("how", HOW)
def test_malformed_json_raises_no_error_of_the_client_but_of_the_parser(place, how):
    seen = place.meet(how, "bad_json; at_event=4", stream=True)
    assert isinstance(seen.failure, json.JSONDecodeError)
    assert not isinstance(seen.failure, openai.OpenAIError)
    assert len(seen.events) == 4


@pytest.mark.parametrize("header", ["keepalive_event", "unknown_event"])
def test_the_accumulating_helper_passes_over_what_it_does_not_know(place, header):
    client = place.server.client(place.prefix + "/openai/v1")
    with client.responses.stream(model="gpt-4o", input="Hello", extra_headers={"X-Emulator-Fault": header}) as stream:
        assert stream.get_final_response().status == "completed"


def test_the_accumulating_helper_doubles_the_text_of_a_double_delta(place):
    client = place.server.client(place.prefix + "/openai/v1")
    with client.responses.stream(
        model="gpt-4o", input="Hello", extra_headers={"X-Emulator-Fault": "duplicate_event"}
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
    assert deltas[0] == deltas[1]


def test_a_plain_answer_has_no_events_to_strike(place):
    seen = place.meet("sync", "drop_event")
    assert seen.response.status == "completed"
    headers = (
        place.http(**{"X-Emulator-Fault": "drop_event"}).post("/responses", json={**BODY, "stream": False}).headers
    )
    assert headers["x-emulator-warning"] == "the fault drop_event does not apply to this request"
