"""The judges of every answer: what they let through, and what they do not."""

from types import SimpleNamespace

import httpx
import pytest
from openai.types.responses import Response

from emulator.api.door import Door
from tests import processes
from tests.conformance import described, sdk_types
from tests.conformance.answers import shape
from tests.conformance.recorded import Recorder
from tests.conformance.tap import Tap
from tests.processes import Process

HELLO = {"model": "gpt-4o", "input": "Say hello."}


@pytest.fixture
def answered(http):
    return http.post("/responses", json=HELLO).json()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"status": "done"}, "'done' is not one of"),
        ({"usage": {"input_tokens": 1}}, "$.usage"),
        ({"colour": "red"}, "'colour' was unexpected"),
        ({"output": [{"type": "message"}]}, "$.output[0]"),
    ],
)
def test_a_body_fits_the_description_or_is_told_why_not(answered, change, said):
    found = described.why_not("POST", "/responses", 200, "application/json", {**answered, **change})
    assert found is None if said is None else said in found


def test_a_field_that_is_missing_is_told_of(answered):
    for name in answered:
        less = {key: value for key, value in answered.items() if key != name}
        found = described.why_not("GET", "/responses/resp_1", 200, "application/json", less)
        assert found is None if name == "content_filters" else f"'{name}' is a required property" in found


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("GET", "/nothing", 200, "application/json"), "there is no operation"),
        (("GET", "/models", 500, "application/json"), "describes no status 500"),
        (("GET", "/models", 200, "text/html"), "describes no text/html"),
        (("GET", "/files/file-1/content", 200, "application/json"), "describes no application/json"),
    ],
)
def test_what_is_not_described_is_told_of(asked, said):
    assert said in described.why_not(*asked, {})


def test_a_slash_at_the_end_is_nothing_as_at_the_door():
    assert described.operation_of("GET", "/models/") is described.operation_of("GET", "/models")


def test_an_event_is_judged_by_its_type():
    event = {"type": "response.refusal.done", "sequence_number": 3, "item_id": "msg_1", "output_index": 0}
    whole = {**event, "content_index": 0, "refusal": "No."}
    assert described.wrong_event(whole) is None
    assert sdk_types.wrong_event(whole) is None
    assert "required" in described.wrong_event(event)
    assert "Field required" in sdk_types.wrong_event(event)
    assert "is not described" in described.wrong_event({"type": "response.refused"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"status": "done"}, "status"),
        ({"output": [{"type": "message", "id": "msg_1"}]}, "Field required"),
        ({"parallel_tool_calls": None}, "parallel_tool_calls"),
        ({"colour": "red"}, "no such fields: Response.colour"),
    ],
)
def test_the_sdks_types_are_strict(answered, change, said):
    found = sdk_types.wrong(Response, {**answered, **change})
    assert found is None if said is None else said in found


def test_an_error_of_the_model_has_all_four_keys(http):
    error = http.get("/responses/resp_1").json()
    assert sdk_types.why_not("retrieveResponse", 404, error) is None
    assert "message" in sdk_types.why_not(
        "retrieveResponse", 404, {"error": {"param": None, "type": "x", "code": None}}
    )


def test_bodies_of_one_shape_are_judged_once():
    one = {"type": "message", "id": "msg_1", "tools": [1, 2], "n": 1}
    assert shape(one) == shape({**one, "id": "msg_2", "tools": [3]})
    for change in ({"type": "refusal"}, {"id": None}, {"tools": ["x"]}, {"n": 1.5}, {"more": 1}):
        assert shape(one) != shape({**one, **change})
    tap = Tap(sdk=False)
    assert tap._is_new(shape(one))
    assert not tap._is_new(shape(one))


def test_every_answer_of_a_server_passes_the_tap(start_server, monkeypatch):
    tap = Tap(sdk=True)
    monkeypatch.setattr(Door, "__call__", Door.__call__)  # what `install` changes is undone
    tap.install()
    http = start_server().http()
    http.post("/responses", json={**HELLO, "stream": True})
    http.get("/responses/resp_1")
    assert tap.seen["bodies"] == 2
    assert tap.seen["events"] > 5
    assert tap.wrong == []


def test_what_a_server_in_a_process_of_its_own_answers_is_judged_when_it_ends(tmp_path, monkeypatch):
    tap = Tap(sdk=False)
    monkeypatch.setattr(processes, "JUDGE", tap)
    with Process(tmp_path) as server, httpx.Client(headers={"api-key": "k"}) as http:
        answer = http.post(f"{server.url()}/openai/v1/responses", json={**HELLO, "stream": True})
        assert answer.status_code == 200
    assert tap.wrong == []
    assert tap.seen["events"] > 5


def test_a_wrong_answer_that_was_written_down_is_told_and_a_line_cut_short_is_not_read(tmp_path):
    tap, path = Tap(sdk=False), tmp_path / "answers"
    answer = SimpleNamespace(method="GET", path="/models", status=500)
    with path.open("wb", buffering=0) as file:
        Recorder(file).take(answer, "application/json", b"{}")
    tap.replay(path.read_bytes() + b'{"answer": {')
    assert len(tap.wrong) == 1
    assert "describes no status 500" in tap.wrong[0]
