"""Two servers on one database: create on one, read on the other; races have one winner."""

import asyncio

import httpx
import orjson
import pytest

from emulator.core.clock import Clock
from tests.conftest import KEY

NOW = 1_763_000_000.0


@pytest.fixture
def pair(start_server, tmp_path):
    """Two servers whose clocks stand still together."""
    path = str(tmp_path / "store.db")
    return [start_server(Clock(NOW), db=path, stream_every=1.0) for _ in range(2)]


def events(text):
    return [orjson.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_what_one_server_makes_the_other_reads_chains_and_deletes(pair):
    one, other = (server.http() for server in pair)
    made = one.post("/responses", json={"model": "gpt-4o", "input": "Hello"}).json()
    assert other.get(f"/responses/{made['id']}").json() == made
    body = {"model": "gpt-4o", "input": "And?", "previous_response_id": made["id"]}
    chained = other.post("/responses", json=body).json()
    assert len(one.get(f"/responses/{chained['id']}/input_items").json()["data"]) == 3
    assert other.delete(f"/responses/{made['id']}").status_code == 200
    assert one.get(f"/responses/{made['id']}").status_code == 404


def test_a_container_that_one_server_makes_is_filled_read_and_kept_alive_on_the_other(pair):
    one, other = (server.http() for server in pair)
    made = one.post("/containers", json={"name": "box"}).json()
    assert other.get(f"/containers/{made['id']}").json() == made
    at = f"/containers/{made['id']}/files"
    for server in pair:
        server.clock.advance(15 * 60)
    file = other.post(at, files={"file": ("a.txt", b"hello")}).json()
    for server in pair:
        server.clock.advance(15 * 60)
    assert one.get(f"/containers/{made['id']}").json()["last_active_at"] == int(NOW) + 15 * 60
    assert one.get(f"{at}/{file['id']}/content").text == "hello"
    assert one.delete(f"/containers/{made['id']}").status_code == 200
    assert other.get(f"{at}/{file['id']}").status_code == 404


def test_polls_on_either_server_count_together(pair):
    one, other = (server.http() for server in pair)
    made = one.post("/responses", json={"model": "o3", "input": "x", "background": True}).json()
    assert other.get(f"/responses/{made['id']}").json()["status"] == "in_progress"
    assert one.get(f"/responses/{made['id']}").json()["status"] == "completed"


def test_a_follower_sees_what_another_server_cancelled(pair):
    one, other = (server.http() for server in pair)
    body = {"model": "gpt-4o", "input": "one two three", "background": True, "stream": True}
    with one.stream("POST", "/responses", json=body) as answer:
        lines = answer.iter_lines()
        response_id = next(orjson.loads(line[6:]) for line in lines if line.startswith("data: "))["response"]["id"]
        assert other.post(f"/responses/{response_id}/cancel").json()["status"] == "cancelled"
        *_, last = (line for line in lines if line)
    assert orjson.loads(last[6:])["response"]["status"] == "cancelled"


def test_a_server_with_an_older_clock_never_shortens_a_log(pair):
    ahead, behind = pair
    one, other = ahead.http(), behind.http()
    body = {"model": "gpt-4o", "input": "one two three", "background": True, "stream": True}
    with one.stream("POST", "/responses", json=body) as answer:
        lines = answer.iter_lines()
        response_id = next(orjson.loads(line[6:]) for line in lines if line.startswith("data: "))["response"]["id"]
        ahead.clock.advance(3)
        while '"sequence_number":7' not in next(lines):
            pass
        assert other.get(f"/responses/{response_id}").json()["status"] == "in_progress"
        ahead.clock.advance(3600)
        rest = list(lines)
    seen = events(other.get(f"/responses/{response_id}?stream=true").text)
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    assert '"type":"response.completed"' in rest[-2]
    assert seen[-1]["type"] == "response.completed"


def test_cancels_and_steps_on_two_servers_leave_one_end(pair):
    async def run():
        clients = [
            httpx.AsyncClient(base_url=server.url + "/openai/v1", headers={"api-key": KEY}, timeout=60, trust_env=False)
            for server in pair
        ]
        one, other = clients

        async def race(turn):
            body = {"model": "gpt-4o", "input": "one two three", "background": True, "stream": True}
            async with one.stream("POST", "/responses", json=body) as answer:
                lines = answer.aiter_lines()
                first = [line async for line, _ in _zip(lines, range(2))][1]
                response_id = orjson.loads(first[6:])["response"]["id"]
                for server in pair:
                    server.clock.advance(turn % 4)
                await asyncio.gather(
                    other.post(f"/responses/{response_id}/cancel"),
                    one.get(f"/responses/{response_id}"),
                    one.post(f"/responses/{response_id}/cancel"),
                    other.get(f"/responses/{response_id}"),
                )
            final = (await other.get(f"/responses/{response_id}")).json()
            logs = [events((await http.get(f"/responses/{response_id}?stream=true")).text) for http in clients]
            assert final["status"] in ("cancelled", "completed")  # the clock of one race moves the others
            assert logs[0] == logs[1]
            assert logs[0][-1]["response"] == final
            assert [event["sequence_number"] for event in logs[0]] == list(range(len(logs[0])))

        for turn in range(0, 40, 5):
            await asyncio.gather(*(race(turn + number) for number in range(5)))
        for http in clients:
            await http.aclose()

    asyncio.run(run())


async def _zip(lines, numbers):
    for number in numbers:
        yield await anext(lines), number


FIXTURES = [
    {"name": "plain", "when": {"input": "plain"}, "then": [{"message": "Plain."}]},
    {"name": "counted", "when": {"input": "counted"}, "sequence": [[{"message": "1"}], [{"message": "2"}]]},
    {"name": "in its chain", "when": {"input": "chained"}, "per": "chain", "times": 9, "then": [{"message": "1"}]},
    {"name": "refused", "when": {"input": "refused"}, "then": [{"error": {"status": 429}}]},
]
URL = "/_emulator/fixtures"


def hits(*servers):
    """What each server tells, after all have saved what they counted."""
    for server in servers:
        server.http("").get(URL)
    told = [server.http("").get(URL).json()["data"] for server in servers]
    return [{row["name"]: row["hits"] for row in rows} for rows in told]


def test_hits_are_those_of_both_servers(pair):
    one, other = pair
    assert one.http("").put(URL, json=FIXTURES).status_code == 200
    for server, inputs in ((one, ["plain", "counted", "refused"]), (other, ["plain", "plain", "counted", "chained"])):
        for text in inputs:
            server.http().post("/responses", json={"model": "gpt-4o", "input": text})
    assert hits(one, other) == [{"plain": 3, "counted": 2, "in its chain": 1, "refused": 1}] * 2


def test_hits_survive_a_restart_and_go_with_a_reset_on_either_server(pair, start_server):
    one, other = pair
    one.http("").put(URL, json=FIXTURES)
    one.http().post("/responses", json={"model": "gpt-4o", "input": "plain"})
    other.http().post("/responses", json={"model": "gpt-4o", "input": "plain"})
    again = start_server(Clock(NOW), db=one.settings.db)
    assert hits(one, other, again)[2]["plain"] == 2
    other.http("").post("/_emulator/reset", json={"scope": "state"})
    assert hits(one, other) == [dict.fromkeys(("plain", "counted", "in its chain", "refused"), 0)] * 2
    one.http().post("/responses", json={"model": "gpt-4o", "input": "plain"})
    assert hits(one, other)[1]["plain"] == 1
    other.http("").post(URL, json=FIXTURES[0])
    assert hits(one, other)[0]["plain"] == 0, "one that is added again counts anew"


def test_a_hit_is_told_while_its_stream_goes_on(pair):
    one, _ = pair
    one.http("").put(URL, json=FIXTURES)
    body = {"model": "gpt-4o", "input": "plain", "stream": True}
    with one.http().stream("POST", "/responses", json=body) as answer:
        next(answer.iter_lines())
        assert hits(*pair)[1]["plain"] == 1


def test_nothing_is_counted_for_a_namespace_that_is_gone(pair):
    one, other = pair
    one.http("/ns/gone").put(URL, json=FIXTURES)
    one.http("/ns/gone/openai/v1").post("/responses", json={"model": "gpt-4o", "input": "plain"})
    other.http("").delete("/_emulator/namespaces/gone")
    one.http("").get(URL)  # it saves what it has counted
    one.http("/ns/gone").put(URL, json=FIXTURES)
    assert one.http("/ns/gone").get(URL).json()["data"][0]["hits"] == 0
