"""What the page's samples about background tasks must do: start, poll, cancel, stream, resume; and 30 days."""

import pytest

from tests.sdk import events
from tests.sdk.samples import Try, sample

QUOTED = (("https://", '"https://'), ("=42", '=42"'))
DAY = 86_400.0


def streamed(page):
    """A background stream: its id and its events."""
    seen = events.read(page.curl("background_stream.sh").text)
    return seen[0]["response"]["id"], seen


def test_s25_answers_at_once(page):
    assert page.python("background.py").output == "queued\n"
    made = page.curl("background.sh").json()
    assert (made["status"], made["output"], made["usage"], made["background"]) == ("queued", [], None, True)


def test_s26_the_loop_of_the_page_ends(page):
    ran = page.python("poll.py")
    lines = ran.output.splitlines()
    assert lines[:4] == [
        "Current status: queued", "Current status: in_progress", "Final status: completed", "Output:",
    ]  # fmt: skip
    assert len(ran.output.split()) > 300, "a very long story"
    assert page.slept == [2, 2]


def test_s27_cancel_is_idempotent(page):
    ran = page.python("cancel.py")
    assert ran.output == "cancelled\n"
    response = ran.names["response"]
    assert (response.output, response.error) == ([], None)
    again = ran.names["client"].responses.cancel(response.id)
    assert again.to_dict() == response.to_dict()


def test_s27_over_http(page):
    answer = page.curl("cancel.sh")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


def test_s28_every_event_is_one_that_the_client_knows(page):
    _, seen = streamed(page)
    assert [event["type"] for event in seen[:3]] == ["response.created", "response.queued", "response.in_progress"]
    last = events.check(seen)
    assert (last["status"], last["background"]) == ("completed", True)


def test_s28_the_repaired_loop_holds_the_last_number(page):
    ran = page.python("background_stream.py", ('event["sequence_number"]', "event.sequence_number"))
    assert ran.names["event"].type == "response.completed"
    assert ran.names["cursor"] == ran.names["event"].sequence_number > 42


def test_s28_what_the_client_raises_does_no_harm_to_the_run(page):
    ran = page.python("background_stream.py")
    assert ran.outcome == "TypeError"
    first = ran.names["event"]
    ran.names["stream"].close()
    assert page.http.get(f"/responses/{first.response.id}").json()["status"] == "completed"


def test_s29_gives_exactly_the_events_after_42(page):
    response_id, seen = streamed(page)
    answer = page.curl("resume.sh", *QUOTED, ("resp_1234567890", response_id), literal=True)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    tail = events.read(answer.text)
    assert tail == seen[43:]
    events.check(tail, first=43)


def test_s29_cut_at_the_ampersand_it_is_the_whole_stream(page):
    response_id, seen = streamed(page)
    whole = page.curl("resume.sh", ("&starting_after=42", ""), ("resp_1234567890", response_id), literal=True)
    assert events.read(whole.text) == seen


def test_s29_through_the_client(page, client):
    response_id, seen = streamed(page)
    with client.responses.retrieve(response_id, stream=True, starting_after=42) as resumed:
        assert [event.sequence_number for event in resumed] == list(range(43, len(seen)))


def test_s29_the_cursor_of_the_repaired_loop_resumes(page, client):
    """Stop after any event, ask for what comes after its number, and nothing is lost or doubled."""
    _, seen = streamed(page)
    with client.responses.create(
        model="o3", input="Write me a very long story", background=True, stream=True
    ) as stream:
        for event in stream:
            if event.type == "response.created":
                response_id = event.response.id
            cursor = event.sequence_number
            if cursor == 99:
                break
    with client.responses.retrieve(response_id, stream=True, starting_after=cursor) as rest:
        deltas = [event.delta for event in rest if event.type == "response.output_text.delta"]
    told = [event["delta"] for event in seen[100:] if event["type"] == "response.output_text.delta"]
    assert deltas == told


def test_s30_needs_store(page):
    error = page.curl("background_unstored.sh").json()["error"]
    assert (error["code"], error["param"]) == ("unsupported_parameter", "background")


def test_s31_needs_a_stream_from_the_start(page):
    error = page.curl("resume_unstreamed.sh").json()["error"]
    assert (error["param"], error["type"]) == ("stream", "invalid_request_error")
    made = page.http.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()
    change = ("resp_1234567890", made["id"])
    assert "background=true" in page.curl("resume_unstreamed.sh", change, literal=True).json()["error"]["message"]


@pytest.mark.parametrize(("days", "status"), [(29.9, 200), (30.1, 404)])
def test_s36_responses_are_kept_for_30_days(page, start_server, days, status):
    server = start_server()
    text = sample("create.py").text(server.url, Try("as printed"), {})
    response_id = page.run(text).names["response"].id
    server.clock.advance(days * DAY)
    assert server.http().get(f"/responses/{response_id}").status_code == status
