"""A killed server loses nothing that it acknowledged, and a run goes on to the same bytes."""

import itertools
import signal
import sqlite3
import sys
from contextlib import closing

import httpx
import orjson
import pytest

from emulator.run.conversations import LEASE
from tests.processes import Process
from tests.receivers import Receiver

BODY = {"model": "gpt-4o", "input": "Write a long story", "background": True, "stream": True}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def client(process):
    return httpx.Client(base_url=process.url() + "/openai/v1", headers={"api-key": "k"}, timeout=60, trust_env=False)


def events(answer):
    """The events of a stream as they come. To drop what this returns is to close the connection."""
    return (orjson.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))


def read(answer, most=None):
    return list(itertools.islice(events(answer), most))


@pytest.mark.parametrize("seen", [1, 40])
def test_a_background_stream_goes_on_after_a_kill(tmp_path, seen):
    flags = ("--db", str(tmp_path / "store.db"), "--stream-every", "2ms")
    with Process(tmp_path, *flags) as process, client(process) as http:
        kept = http.post("/responses", json={"model": "gpt-4o", "input": "Keep me"}).json()
        polled = http.post("/responses", json={"model": "o3", "input": "Poll me", "background": True}).json()
        assert http.get(f"/responses/{polled['id']}").json()["status"] == "in_progress"
        with http.stream("POST", "/responses", json=BODY) as answer:
            before = read(answer, seen)
            process.tell(signal.SIGKILL)
            process.status()
    response_id = before[0]["response"]["id"]
    with Process(tmp_path, *flags) as process, client(process) as http:
        after = read(http.get(f"/responses/{response_id}", params={"stream": "true", "starting_after": seen - 1}))
        whole = read(http.get(f"/responses/{response_id}", params={"stream": "true"}))
        assert before + after == whole
        assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
        assert whole[-1]["response"] == http.get(f"/responses/{response_id}").json()
        assert http.get(f"/responses/{kept['id']}").json() == kept
        assert http.get(f"/responses/{polled['id']}").json()["status"] == "completed"


def test_a_conversation_gets_its_background_turn_after_a_kill(tmp_path):
    flags = ("--db", str(tmp_path / "store.db"), "--azure-conversations")
    with Process(tmp_path, *flags) as process, client(process) as http:
        conversation = http.post("/conversations", json={}).json()["id"]
        body = {"model": "o3", "input": "Poll me", "conversation": conversation}
        job = http.post("/responses", json={**body, "background": True}).json()["id"]
        process.tell(signal.SIGKILL)
        process.status()
    with Process(tmp_path, *flags) as process, client(process) as http:
        assert http.post("/responses", json=body).json()["error"]["code"] == "conversation_locked"
        ended = [http.get(f"/responses/{job}").json() for _ in range(2)][-1]
        kept = http.get(f"/conversations/{conversation}/items", params={"order": "asc"}).json()["data"]
        assert kept[1:] == ended["output"]
        assert http.post("/responses", json=body).json()["status"] == "completed"


def test_a_conversation_comes_free_after_the_kill_of_its_foreground_run(tmp_path):
    path = tmp_path / "store.db"
    flags = ("--db", str(path), "--azure-conversations", "--stream-every", "1s")
    with Process(tmp_path, *flags) as process, client(process) as http:
        conversation = http.post("/conversations", json={}).json()["id"]
        body = {"model": "gpt-4o", "input": "Hello", "conversation": conversation}
        with http.stream("POST", "/responses", json={**body, "stream": True}) as answer:
            read(answer, 1)
            process.tell(signal.SIGKILL)
            process.status()
    with Process(tmp_path, *flags) as process, client(process) as http:
        assert http.post("/responses", json=body).json()["error"]["code"] == "conversation_locked"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE conversations SET until = until - ?", [LEASE])
        assert http.post("/responses", json=body).json()["status"] == "completed"
        assert len(http.get(f"/conversations/{conversation}/items").json()["data"]) == 2


def test_what_a_webhook_has_missed_is_sent_by_the_next_server(tmp_path):
    flags = ("--db", str(tmp_path / "store.db"), "--egress", "loopback")
    with Receiver(500) as receiver:
        with Process(tmp_path, *flags) as process, client(process) as http:
            control = f"{http.base_url.copy_with(path='/')}_emulator"
            assert http.post(f"{control}/webhooks", json={"url": receiver.url}).status_code == 200
            later = {"when": {"input": "later"}, "background": {"queued": "1h"}, "then": [{"message": "Hi"}]}
            assert http.post(f"{control}/fixtures", json=later).status_code == 200
            body = {"model": "gpt-4o", "background": True}
            unfinished, ended = (
                http.post("/responses", json={**body, "input": said}).json()["id"] for said in ("later", "now")
            )
            for _ in range(2):
                http.get(f"/responses/{ended}")
            assert receiver.next().event["data"]["id"] == ended
            while http.get(f"{control}/webhooks/deliveries").json()["data"][0]["answered"] != 500:
                pass
            process.tell(signal.SIGKILL)
            process.status()
        with Process(tmp_path, *flags) as process, client(process) as http:
            control = f"{http.base_url.copy_with(path='/')}_emulator"
            http.post(f"{control}/clock", json={"advance": "1h"})
            assert {got.event["data"]["id"] for got in receiver.take(2)} == {unfinished, ended}
