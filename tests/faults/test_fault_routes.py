"""Faults of a namespace: added, counted, listed and removed over HTTP; and what they do to a client that retries."""

import openai
import pytest

from tests.faults.meeting import HOW, Place

BODY = {"model": "gpt-4o", "input": "Hello"}


@pytest.mark.parametrize("how", HOW)
def test_twice_then_fine_for_a_client_that_retries(place, how):
    place.fault({"kind": "status", "status": 429, "retry_after_ms": 1, "times": 2})
    assert place.meet(how, max_retries=2).response.status == "completed"
    assert place.hits == [3]


@pytest.mark.parametrize("how", HOW)
def test_a_client_gives_up_after_its_retries(place, how):
    place.fault({"kind": "status", "status": 503, "headers": {"retry-after-ms": "1"}})
    assert isinstance(place.meet(how, max_retries=2).failure, openai.InternalServerError)
    assert place.hits == [3]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
def test_a_status_is_the_clients_class_of_error(place, how, status, error):
    seen = place.meet(how, f"status={status}; retry_after=2; message=Not today.; code=mine")
    assert isinstance(seen.failure, error)
    assert seen.failure.response.headers["retry-after"] == "2"
    assert seen.failure.code == "mine"
    assert seen.failure.body["message"] == "Not today."


@pytest.mark.parametrize(("dialect", "code"), [("/openai/v1", "too_many_requests"), ("/v1", "rate_limit_exceeded")])
def test_a_429_has_the_words_of_its_dialect(place, dialect, code):
    assert place.meet("sync", "status=429", dialect=dialect).failure.code == code


@pytest.mark.parametrize("how", HOW)
def test_a_reset_connection_is_retried(place, how):
    place.fault({"kind": "reset", "times": 1})
    assert place.meet(how, max_retries=1).failure is None
    assert place.hits == [2]


def test_faults_are_tried_in_order_and_count_what_they_see(place):
    place.fault(
        {"id": "a", "kind": "status", "status": 429, "times": 1, "after": 1},
        {"id": "b", "kind": "status", "status": 500, "times": 1, "match": {"method": "POST", "path": "/resp*"}},
    )
    http = place.http()
    seen = [http.post("/responses", json=BODY).status_code for _ in range(4)]
    assert seen == [500, 429, 200, 200]
    assert place.hits == [4, 3]


def test_a_match_can_look_at_model_and_stream(place):
    place.fault({"kind": "status", "status": 500, "match": {"model": "o*", "stream": True}})
    http = place.http()
    wanted = [("o3", True, 500), ("o3", False, 200), ("gpt-4o", True, 200)]
    for model, stream, status in wanted:
        assert http.post("/responses", json={**BODY, "model": model, "stream": stream}).status_code == status
    assert http.get("/models").status_code == 200


def test_a_drawn_fault_is_drawn_the_same_way_again(start_server):
    seen = []
    for _ in range(2):
        place = Place(start_server())
        place.prefix = "/ns/same"
        place.control.base_url = f"{place.server.url}/ns/same/_emulator"
        place.control.post("/seed", json={"seed": "7"})
        place.fault({"id": "half", "kind": "status", "status": 500, "probability": 0.5})
        http = place.http()
        seen.append([http.post("/responses", json=BODY).status_code for _ in range(20)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


def test_uploads_can_be_struck_too(place):
    place.fault({"kind": "status", "status": 500, "match": {"path": "/files"}, "times": 1})
    http = place.http()
    upload = {"files": {"file": ("a.txt", b"x" * 100_000)}, "data": {"purpose": "assistants"}}
    assert http.post("/files", **upload).status_code == 500
    assert http.post("/files", **upload).status_code == 200
    place.fault({"kind": "delay", "delay": 0})
    assert http.post("/files", **upload).status_code == 200


def test_faults_are_listed_and_removed(place):
    place.fault({"id": "mine", "incident": "conversation_locked", "times": 3}, {"kind": "cut"})
    mine, other = place.control.get("/faults").json()["data"]
    assert mine == {"id": "mine", "incident": "conversation_locked", "times": 3, "seen": 0}
    assert other["id"].startswith("fault_")
    assert place.control.delete("/faults/mine").json() == {"id": "mine", "deleted": True}
    assert place.control.delete("/faults/mine").status_code == 404
    assert place.control.delete("/faults").json() == {"deleted": 1}
    assert place.hits == []
    assert place.meet("sync", stream=True).types[-1] == "response.completed"


def test_a_known_id_is_replaced_and_counts_anew(place):
    place.fault({"id": "a", "kind": "status", "status": 500, "times": 1})
    assert isinstance(place.meet("sync").failure, openai.InternalServerError)
    place.fault({"id": "a", "kind": "status", "status": 404, "times": 1})
    assert isinstance(place.meet("sync").failure, openai.NotFoundError)
    assert place.hits == [1]


def test_all_are_added_or_none(place):
    answer = place.control.post("/faults", json=[{"kind": "cut"}, {"kind": "cutt"}])
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("faults[1]: request:1: kind must be one of status, delay")
    assert place.hits == []
    twice = place.control.post("/faults", json=[{"id": "a", "kind": "cut"}, {"id": "a", "kind": "cut"}])
    assert twice.status_code == 400
    assert place.control.post("/faults", content=b"{").status_code == 400


def test_faults_come_as_yaml_too(place):
    text = "# twice, then fine\n- kind: status\n  status: 503\n  times: 2\n- incident: keepalive_event\n"
    for kind in ("application/yaml", "text/yaml; charset=utf-8"):
        answer = place.control.post("/faults", content=text, headers={"content-type": kind})
        assert answer.status_code == 200, answer.text
    kinds = [fault.get("kind") or fault["incident"] for fault in place.control.get("/faults").json()["data"]]
    assert kinds == ["status", "keepalive_event"] * 2


@pytest.mark.parametrize("path", ["/faults", "/limits"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- kind: cut\n- &a {kind: cut}\n", "request:2: anchors and aliases are not accepted"),
        ("kind: !!python/name:os.system cut\n", "request:1: tags are not accepted"),
        ("kind: [cut\n", "not YAML"),
        ("deployment: x\nkind: on\nrpm: 6\n", "s[0]: request:"),
        ("[" * 60 + "]" * 60, "nested deeper than 50 levels"),
        ("#" * 1_000_001, "larger than 1000000 bytes"),
    ],
)
def test_yaml_that_is_not_safe_or_not_right_is_refused_in_one_line(place, path, text, says):
    answer = place.control.post(path, content=text, headers={"content-type": "application/yaml"})
    assert answer.status_code in (400, 413)
    said = answer.json()["error"]["message"]
    assert says in said or (answer.status_code == 413 and len(text) > 1_000_000)
    assert "\n" not in said
    assert place.control.get(path).json() == {"data": []}


def test_another_content_type_is_refused(place):
    answer = place.control.post("/faults", content=b"kind=cut", headers={"content-type": "application/toml"})
    assert answer.status_code == 400
    assert "application/json, application/yaml" in answer.json()["error"]["message"]


def test_faults_belong_to_one_namespace_and_outlive_a_restart(start_server, tmp_path):
    db = str(tmp_path / "store.db")
    first = start_server(db=db)
    place = Place(first)
    place.fault({"kind": "status", "status": 500, "times": 2})
    assert place.http().post("/responses", json=BODY).status_code == 500
    assert Place(first).http().post("/responses", json=BODY).status_code == 200
    second = Place(start_server(db=db))
    second.prefix = place.prefix
    seen = [second.http().post("/responses", json=BODY).status_code for _ in range(2)]
    assert seen == [500, 200]


def test_a_header_goes_before_the_namespaces_faults_and_counts_nothing(place):
    place.fault({"kind": "status", "status": 500})
    assert place.http(**{"X-Emulator-Fault": "status=404"}).post("/responses", json=BODY).status_code == 404
    assert place.hits == [0]


def test_control_endpoints_are_never_struck(place):
    place.fault({"kind": "empty"})
    assert place.control.get("/faults", headers={"X-Emulator-Fault": "empty"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("nonsense", "must be one of status, delay"),
        ("reset; times=2", "'times' is for POST /_emulator/faults"),
        ("reset; at_event", "'at_event' must be NAME=VALUE"),
        ("reset; at_evnt=5", "did you mean 'at_event'?"),
        ("status=200", "must be a status from 400 to 599"),
        ('{"kind": "reset"', "not JSON"),
    ],
)
def test_a_wrong_header_is_refused_in_one_line(place, header, says):
    answer = place.http(**{"X-Emulator-Fault": header}).post("/responses", json=BODY)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert "\n" not in answer.json()["error"]["message"]
