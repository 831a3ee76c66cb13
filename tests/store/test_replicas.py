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
