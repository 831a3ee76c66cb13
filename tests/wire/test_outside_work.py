"""Outside work of a hosted tool: done once, between two events of its item, in every way a response is asked for."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest

from emulator.core.clock import Clock
from emulator.run import jobs
from emulator.tools.web_search import TOOL
from tests.wire.test_background import events, follow

ASKED = {"model": "gpt-4o", "input": "What is a cat?", "tools": [{"type": "web_search"}]}
FOUND = [{"type": "url", "url": "https://example.com/"}]
WHOLE = {"include": ["web_search_call.action.sources"]}


class Work:
    """Stands in for the work of a tool: it waits until it is let go, and counts how often it was begun."""

    def __init__(self):
        self.begun, self.free = threading.Event(), threading.Event()
        self.waiting = []
        self.times = 0

    def let_go(self):
        self.free.set()
        for loop, event in self.waiting:
            with suppress(RuntimeError):  # its server has stopped
                loop.call_soon_threadsafe(event.set)

    async def prepare(self, step, _):
        return (replace(step, work={}),)

    async def work(self, step, _):
        self.times += 1
        event = asyncio.Event()
        self.waiting.append((asyncio.get_running_loop(), event))
        self.begun.set()
        if not self.free.is_set():
            await event.wait()
        return replace(step, fields={"action": {**step.fields["action"], "sources": FOUND}})


@pytest.fixture
def work(monkeypatch):
    work = Work()
    monkeypatch.setattr(TOOL, "prepare", work.prepare, raising=False)
    monkeypatch.setattr(TOOL, "work", work.work, raising=False)
    return work


@pytest.fixture
def http(start_server):
    return start_server(Clock(1_763_000_000.0)).http()


def types(response):
    return [item["type"] for item in response["output"]]


def script(http, *then):
    root = http.base_url.copy_with(path="/_emulator/fixtures")
    assert http.post(str(root), json={"then": list(then)}).status_code == 200


def test_a_plain_answer_waits_for_the_work_and_goes_on_after_it(http, work):
    work.let_go()
    made = http.post("/responses", json={**ASKED, **WHOLE}).json()
    assert types(made) == ["web_search_call", "message"]
    assert made["output"][0]["action"]["sources"] == FOUND
    assert work.times == 1
    assert http.get(f"/responses/{made['id']}", params={"include[]": WHOLE["include"]}).json() == made


def test_what_a_script_says_after_the_call_comes_after_the_work(http, work):
    work.let_go()
    script(http, {"web_search_call": "cats"}, {"message": "Cats are fine."}, {"web_search_call": "dogs"})
    made = http.post("/responses", json=ASKED).json()
    assert types(made) == ["web_search_call", "message", "web_search_call"]
    assert work.times == 2


@pytest.mark.parametrize("stream", [False, True])
def test_calls_beyond_max_tool_calls_are_not_worked_on(http, work, stream):
    work.let_go()
    script(http, {"web_search_call": "cats"}, {"web_search_call": "dogs"}, {"message": "Done."})
    http.post("/responses", json={**ASKED, "max_tool_calls": 1, "stream": stream})
    (entry,) = http.get(str(http.base_url.copy_with(path="/_emulator/requests"))).json()["data"][:1]
    made = http.get(f"/responses/{entry['response_id']}").json()
    assert types(made) == ["web_search_call", "message"]
    assert work.times == 1


def test_a_stream_sends_what_comes_before_the_work_and_then_waits(http, work):
    with http.stream("POST", "/responses", json={**ASKED, **WHOLE, "stream": True}) as answer:
        seen = b""
        for piece in answer.iter_raw():
            seen += piece
            if b"web_search_call.searching" in seen and not work.free.is_set():
                assert work.begun.wait(30)
                assert b"web_search_call.completed" not in seen
                work.let_go()
    found = events(seen.decode())
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert found[-1]["response"]["output"][0]["action"]["sources"] == FOUND
    assert types(found[-1]["response"]) == ["web_search_call", "message"]
    assert work.times == 1


def test_a_background_run_is_in_progress_until_its_work_is_done(http, work):
    made = http.post("/responses", json={**ASKED, "background": True}).json()
    assert work.begun.wait(30)
    assert [http.get(f"/responses/{made['id']}").json()["status"] for _ in range(3)] == ["in_progress"] * 3
    work.let_go()
    ended = until_ended(http, made["id"])
    assert (ended["status"], types(ended)) == ("completed", ["web_search_call", "message"])
    assert work.times == 1


def until_ended(http, response_id):
    """The response when it has ended; each look waits for the server's own thread, none sleeps."""
    for _ in range(10_000):
        seen = http.get(f"/responses/{response_id}").json()
        if seen["status"] not in ("queued", "in_progress"):
            return seen
    raise AssertionError("it does not end")


def test_a_background_stream_is_followed_through_the_work_and_replays_to_the_same_bytes(http, work):
    asked = {**ASKED, **WHOLE, "background": True, "stream": True}
    with http.stream("POST", "/responses", json=asked) as answer:
        seen = b""
        for piece in answer.iter_raw():
            seen += piece
            if b"web_search_call.searching" in seen:
                work.let_go()
    found = events(seen.decode())
    response_id = found[0]["response"]["id"]
    assert found[-1]["type"] == "response.completed"
    for after in range(len(found)):
        again = follow(http, response_id, starting_after=after, **{"include[]": WHOLE["include"]})
        assert again == found[after + 1 :]


def test_a_run_that_was_cancelled_at_its_work_stays_cancelled(http, work):
    made = http.post("/responses", json={**ASKED, "background": True}).json()
    assert work.begun.wait(30)
    cancelled = http.post(f"/responses/{made['id']}/cancel").json()
    work.let_go()
    assert (cancelled["status"], cancelled["output"]) == ("cancelled", [])
    assert [http.get(f"/responses/{made['id']}").json() for _ in range(3)] == [cancelled] * 3


def test_a_tool_that_breaks_ends_its_item_as_failed_and_the_run_goes_on(http, work, monkeypatch, caplog):
    async def broken(step, _):
        raise RuntimeError("no wire")

    monkeypatch.setattr(TOOL, "work", broken, raising=False)
    with caplog.at_level("CRITICAL", "emulator"):
        made = http.post("/responses", json=ASKED).json()
    assert made["status"] == "completed"
    assert [(item["type"], item["status"]) for item in made["output"]] == [
        ("web_search_call", "failed"),
        ("message", "completed"),
    ]


def test_lost_work_is_not_done_again_and_ends_its_item_as_failed(start_server, tmp_path, work, monkeypatch):
    monkeypatch.setattr(jobs, "LEASE", 0.0)
    clock = Clock(1_763_000_000.0)
    first, second = (start_server(clock, db=str(tmp_path / "store.db")).http() for _ in range(2))
    made = first.post("/responses", json={**ASKED, "background": True}).json()
    assert work.begun.wait(30)
    second.get(f"/responses/{made['id']}")
    ended = second.get(f"/responses/{made['id']}").json()
    assert (ended["status"], [item["status"] for item in ended["output"]]) == ("completed", ["failed"])
    work.let_go()
    assert first.get(f"/responses/{made['id']}").json() == ended
    assert work.times == 1


def test_a_server_stops_at_once_though_work_is_under_way(start_server, work):
    http = start_server().http()
    http.post("/responses", json={**ASKED, "background": True})
    assert work.begun.wait(30)
    start_server.running.pop().__exit__()


def test_who_leaves_a_foreground_stream_at_its_work_leaves_nothing_behind(http, work):
    with http.stream("POST", "/responses", json={**ASKED, "stream": True}) as answer:
        for piece in answer.iter_raw():
            if b"response.created" in piece:
                response_id = orjson.loads(piece.split(b"data: ", 1)[1].split(b"\n")[0])["response"]["id"]
            if b"web_search_call.searching" in piece:
                break
    journal = str(http.base_url.copy_with(path="/_emulator/requests"))
    while not any(entry["disconnected"] for entry in http.get(journal).json()["data"]):
        pass  # each look waits for the server's own thread
    work.let_go()
    assert http.get(f"/responses/{response_id}").status_code == 404
