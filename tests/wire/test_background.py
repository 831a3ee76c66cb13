"""Background runs: poll, idle, stream, resume after any event, cancel at any event, races."""

import asyncio
import itertools

import httpx
import orjson
import pytest

from emulator.core.clock import Clock
from tests.conftest import KEY

LONG = "Write me a very long story"


def start(http, **body):
    answer = http.post("/responses", json={"model": "o3", "input": LONG, "background": True, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(text):
    return [orjson.loads(frame.split("data: ", 1)[1]) for frame in text.split("\n\n") if frame.startswith("event: ")]


def stream(http, **body):
    answer = http.post("/responses", json={"model": "o3", "input": LONG, "background": True, "stream": True, **body})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    return events(answer.text)


def follow(http, response_id, **query):
    return events(http.get(f"/responses/{response_id}", params={"stream": "true", **query}).text)


def status_of(http, response_id):
    return http.get(f"/responses/{response_id}").json()["status"]


class TestPolling:
    def test_two_polls_lead_to_the_end(self, http):
        made = start(http)
        assert (made["status"], made["output"], made["usage"]) == ("queued", [], None)
        polled = http.get(f"/responses/{made['id']}").json()
        assert (polled["status"], polled["output"]) == ("in_progress", [])
        ended = http.get(f"/responses/{made['id']}").json()
        assert ended["status"] == "completed"
        assert ended["background"] is True
        assert http.get(f"/responses/{made['id']}").json() == ended

    def test_ten_seconds_without_a_poll_end_it_too(self, start_server):
        clock = Clock(1_763_000_000.0)
        http = start_server(clock).http()
        untouched, polled = start(http), start(http)
        clock.advance(9)
        assert status_of(http, polled["id"]) == "in_progress"
        clock.advance(1)
        ended = http.get(f"/responses/{untouched['id']}").json()
        assert (ended["status"], ended["completed_at"]) == ("completed", 1_763_000_010)
        clock.advance(9)
        ended = http.get(f"/responses/{polled['id']}").json()
        assert (ended["status"], ended["completed_at"]) == ("completed", 1_763_000_019)

    def test_looking_at_its_input_is_no_poll(self, http):
        made = start(http)
        for _ in range(3):
            assert http.get(f"/responses/{made['id']}/input_items").status_code == 200
        assert status_of(http, made["id"]) == "in_progress"

    def test_asking_for_the_headers_only_is_no_poll(self, http):
        made = start(http)
        for _ in range(3):
            assert http.head(f"/responses/{made['id']}").status_code == 200
        assert status_of(http, made["id"]) == "in_progress"

    def test_background_needs_store(self, http):
        answer = http.post("/responses", json={"model": "o3", "input": "x", "background": True, "store": False})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "unsupported_parameter"
        assert answer.json()["error"]["param"] == "background"

    def test_tokens_run_out_in_the_background_too(self, http):
        made = start(http, model="gpt-4o", max_output_tokens=16)
        status_of(http, made["id"])
        assert status_of(http, made["id"]) == "incomplete"


class TestStreaming:
    def test_a_stream_begins_with_created_queued_in_progress(self, http):
        seen = stream(http)
        assert [event["type"] for event in seen[:3]] == [
            "response.created", "response.queued", "response.in_progress",
        ]  # fmt: skip
        assert [event["response"]["status"] for event in seen[:3]] == ["queued", "queued", "in_progress"]
        assert all(event["response"]["background"] for event in seen[:3])
        assert seen[-1]["type"] == "response.completed"

    def test_resuming_after_any_event_gives_exactly_the_tail(self, http):
        seen = stream(http)
        assert len(seen) >= 500
        response_id = seen[0]["response"]["id"]
        assert follow(http, response_id) == seen
        for number in range(len(seen)):
            assert follow(http, response_id, starting_after=number) == seen[number + 1 :]

    def test_resuming_without_padding_changes_nothing_else(self, http):
        seen = stream(http, stream_options={"include_obfuscation": False})
        assert not any("obfuscation" in event for event in seen)
        padded = follow(http, seen[0]["response"]["id"])
        deltas = [event for event in padded if event["type"].endswith(".delta")]
        assert all("obfuscation" in event for event in deltas)
        for event in padded:
            event.pop("obfuscation", None)
        assert padded == seen

    def test_only_a_background_stream_can_be_streamed_again(self, http):
        plain = http.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()["id"]
        unstreamed = start(http)["id"]
        for response_id, reason in ((plain, "background"), (unstreamed, "stream")):
            answer = http.get(f"/responses/{response_id}?stream=true")
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == "stream"
            assert answer.json()["error"]["message"] == (
                f"This response cannot be streamed because it was not created with {reason}=true."
            )

    def test_a_stream_can_be_resumed_within_the_window_of_its_namespaces_clock(self, start_server):
        server = start_server(resume_window=300.0)
        http = server.http("/ns/windowed/openai/v1")
        with server.http("/ns/windowed/_emulator") as steer:
            steer.post("/clock", json={"mode": "frozen", "now": 1_763_000_000})
            seen = stream(http)
            response_id = seen[0]["response"]["id"]
            steer.post("/clock", json={"advance": "5m"})
            assert follow(http, response_id, starting_after=2) == seen[3:]
            steer.post("/clock", json={"advance": "1s"})
        answer = http.get(f"/responses/{response_id}?stream=true&starting_after=2")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")
        assert answer.json()["error"]["message"] == (
            "This response can no longer be streamed because it is more than 5 minutes old."
        )
        assert http.get(f"/responses/{response_id}").json()["status"] == "completed"

    def test_without_a_window_a_stream_can_be_resumed_as_long_as_it_is_kept(self, start_server):
        server = start_server()
        http = server.http("/ns/kept/openai/v1")
        seen = stream(http)
        with server.http("/ns/kept/_emulator") as steer:
            steer.post("/clock", json={"advance": "29d"})
        assert follow(http, seen[0]["response"]["id"]) == seen

    @pytest.mark.parametrize(
        ("window", "age"), [(60.0, "1 minute"), (90.0, "90 seconds"), (0.5, "0.5 seconds"), (7200.0, "2 hours")]
    )
    def test_the_refusal_names_the_window(self, start_server, window, age):
        http = start_server(clock := Clock(1_763_000_000.0), resume_window=window).http()
        response_id = stream(http)[0]["response"]["id"]
        clock.advance(window + 1)
        said = http.get(f"/responses/{response_id}?stream=true").json()["error"]["message"]
        assert said.endswith(f"because it is more than {age} old.")

    def test_several_followers_see_the_same_paced_stream(self, start_server):
        clock = Clock(1_763_000_000.0)
        server = start_server(clock, stream_every=1.0)

        async def run():
            async with httpx.AsyncClient(
                base_url=server.url + "/openai/v1", headers={"api-key": KEY}, timeout=60, trust_env=False
            ) as http:
                body = {"model": "gpt-4o", "input": "one two three", "background": True, "stream": True}
                async with http.stream("POST", "/responses", json=body) as first:
                    lines = first.aiter_lines()
                    created = orjson.loads([await anext(lines), await anext(lines)][1][6:])
                    response_id = created["response"]["id"]
                    others = [
                        asyncio.create_task(http.get(f"/responses/{response_id}?stream=true&starting_after={n}"))
                        for n in range(3)
                    ]
                    while not all(other.done() for other in others):
                        clock.advance(1)
                        await http.get(f"/responses/{response_id}")
                    rest = [line async for line in lines]
                seen = [created, *(orjson.loads(line[6:]) for line in rest if line.startswith("data: "))]
                assert seen[-1]["type"] == "response.completed"
                for number, other in enumerate(others):
                    assert events((await other).text) == seen[number + 1 :]

        asyncio.run(run())

    def test_many_followers_derive_a_log_once_not_once_each(self, start_server, monkeypatch):
        from emulator.run import settle

        made = []
        derivation = settle.Derivation
        monkeypatch.setattr(settle, "Derivation", lambda row: made.append(row.id) or derivation(row))
        clock = Clock(1_763_000_000.0)
        server = start_server(clock, stream_every=1.0)

        async def run():
            async with httpx.AsyncClient(
                base_url=server.url + "/openai/v1", headers={"api-key": KEY}, timeout=60, trust_env=False
            ) as http:
                body = {"model": "gpt-4o", "input": "word " * 40, "background": True, "stream": True}
                async with http.stream("POST", "/responses", json=body) as first:
                    lines = first.aiter_lines()
                    created = orjson.loads([await anext(lines), await anext(lines)][1][6:])
                    url = f"/responses/{created['response']['id']}?stream=true"
                    others = [asyncio.create_task(http.get(url)) for _ in range(4)]
                    while not all(other.done() for other in others):
                        clock.advance(1)
                        await http.get("/models/gpt-4o")

        asyncio.run(run())
        assert len(made) < 30  # and not once for each of some 50 events and 5 readers

    def test_a_reader_that_leaves_does_nothing_to_the_run(self, start_server):
        clock = Clock(1_763_000_000.0)
        http = start_server(clock, stream_every=1.0).http()
        body = {"model": "gpt-4o", "input": "one two three", "background": True, "stream": True}
        with http.stream("POST", "/responses", json=body) as answer:
            line = next(itertools.islice(answer.iter_lines(), 1, None))
        response_id = orjson.loads(line[6:])["response"]["id"]
        assert status_of(http, response_id) == "in_progress"
        clock.advance(3600)
        assert status_of(http, response_id) == "completed"


class TestCancelling:
    def test_cancel_is_idempotent(self, http):
        made = start(http)
        cancelled = http.post(f"/responses/{made['id']}/cancel").json()
        assert (cancelled["status"], cancelled["output"], cancelled["error"]) == ("cancelled", [], None)
        assert http.post(f"/responses/{made['id']}/cancel").json() == cancelled
        assert http.get(f"/responses/{made['id']}").json() == cancelled

    def test_cancelling_what_has_ended_answers_the_final_object(self, http):
        made = start(http)
        status_of(http, made["id"])
        ended = http.get(f"/responses/{made['id']}").json()
        answer = http.post(f"/responses/{made['id']}/cancel")
        assert (answer.status_code, answer.json()) == (200, ended)

    def test_a_switch_makes_that_an_error(self, start_server):
        http = start_server(cancel_ended="error").http()
        made = start(http)
        status_of(http, made["id"])
        status_of(http, made["id"])
        answer = http.post(f"/responses/{made['id']}/cancel")
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "Cannot cancel a completed response."

    def test_a_foreground_response_cannot_be_cancelled(self, http):
        made = http.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()
        answer = http.post(f"/responses/{made['id']}/cancel")
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "Cannot cancel a synchronous response."

    def test_deleting_a_run_under_way_is_refused(self, http):
        made = start(http)
        answer = http.delete(f"/responses/{made['id']}")
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "Cannot delete an in-flight response."
        http.post(f"/responses/{made['id']}/cancel")
        assert http.delete(f"/responses/{made['id']}").status_code == 200

    def test_cancelling_at_each_event_leaves_one_valid_end(self, start_server):
        clock = Clock(1_763_000_000.0)
        http = start_server(clock, stream_every=1.0).http()
        body = {"model": "o4-mini", "input": "one two three four", "background": True, "stream": True}
        for at in range(12):
            with http.stream("POST", "/responses", json=body) as answer:
                line = next(itertools.islice(answer.iter_lines(), 1, None))
                response_id = orjson.loads(line[6:])["response"]["id"]
                clock.advance(at)
                cancelled = http.post(f"/responses/{response_id}/cancel").json()
            seen = follow(http, response_id)
            assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
            assert seen[-1]["response"] == cancelled
            ends = [e for e in seen if e["type"] in ("response.completed", "response.failed", "response.incomplete")]
            assert len(ends) == 1
            if cancelled["status"] == "cancelled":
                assert seen[-1]["type"] == "response.failed"
                assert cancelled["output"] == []
            else:
                assert cancelled["status"] == "completed"

    def test_races_of_cancel_and_completion_never_show_two_endings(self, server):
        async def run():
            async with httpx.AsyncClient(
                base_url=server.url + "/openai/v1", headers={"api-key": KEY}, timeout=60, trust_env=False
            ) as http:

                async def race():
                    body = {"model": "gpt-4o", "input": "x", "background": True}
                    response_id = (await http.post("/responses", json=body)).json()["id"]
                    await http.get(f"/responses/{response_id}")
                    answers = await asyncio.gather(
                        http.post(f"/responses/{response_id}/cancel"),
                        *(http.get(f"/responses/{response_id}") for _ in range(2)),
                        http.post(f"/responses/{response_id}/cancel"),
                    )
                    final = (await http.get(f"/responses/{response_id}")).json()
                    assert final["status"] in ("completed", "cancelled")
                    for answer in answers:
                        seen = answer.json()
                        assert seen == final or seen["status"] == "in_progress"
                    return final["status"]

                ended = [await asyncio.gather(*(race() for _ in range(20))) for _ in range(10)]
                assert set(itertools.chain(*ended)) <= {"completed", "cancelled"}

        asyncio.run(run())
