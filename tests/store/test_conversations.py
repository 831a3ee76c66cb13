"""The rows of conversations: one who holds it, items by revision, a sweep that takes what nobody has read."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from emulator.core.clock import Clock
from emulator.run.sweep import sweep
from emulator.store import conversations as rows
from emulator.store import responses
from emulator.store.conversations import ConversationRow, ItemPage
from emulator.store.engine import Store
from emulator.store.responses import GRACE, ResponseRow
from emulator.store.schema import conversation_items, conversation_turns, conversations

NOW = 1_763_000_000.0
ROW = ConversationRow("default", "conv_1", b"{}", NOW, None, b"state 0")
KEY = {"namespace": "default", "conversation_id": "conv_1"}
RESPONSE = ResponseRow(
    "default", "resp_1", None, "completed", False, False, NOW, NOW + 100, False, 2, 0, NOW, None, b"{}", b"[]", b"{}"
)  # fmt: skip


@pytest.fixture
def store():
    opened = Store()
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def row(store):
    made = replace(ROW, positions=2)
    asyncio.run(store.insert(rows.new_rows(made, named("a", "b"))))
    return made


def named(*ids):
    return [(item_id, item_id.encode()) for item_id in ids]


def write(store, work, **values):
    return asyncio.run(store.write(partial(work, **values)))


def read(store, work, **values):
    return asyncio.run(store.read(partial(work, **values)))


def saved(store):
    return read(store, rows.get, **KEY)


def sizes(store):
    return [
        read(store, lambda connection, table=table: connection.scalar(select(func.count()).select_from(table)))
        for table in (conversations, conversation_items, conversation_turns)
    ]


def turn(store, seen, response=RESPONSE):
    leave = partial(rows.finish, key=("default", "conv_1"), by=response.id, chain=b"state 1", items=named("c"))
    new = responses.new_rows(response, [])
    return write(store, rows.save_turn, seen=seen, row=response, new=new, leave=leave)


def test_one_run_holds_it_and_it_leaves_it_with_its_items(store, row):
    assert write(store, rows.hold, seen=row, by="resp_1", until=NOW + 60)
    assert not write(store, rows.hold, seen=row, by="resp_2", until=NOW + 60)
    assert not write(store, rows.append, seen=row, chain=b"", items=named("x"))
    assert not write(store, rows.remove_item, seen=row, chain=b"", item_id="a")
    assert turn(store, row)
    assert saved(store) == replace(row, chain=b"state 1", revision=1, positions=3)
    assert read(store, rows.page, row=row, asked=ItemPage(10, newest_first=False)) == [b"a", b"b", b"c"]
    assert not turn(store, row, replace(RESPONSE, id="resp_2"))


def test_a_run_that_lost_it_saves_nothing(store, row):
    write(store, rows.hold, seen=row, by="resp_1", until=NOW)
    assert write(store, rows.hold, seen=saved(store), by="resp_2", until=NOW + 60)
    assert not turn(store, row)
    assert not write(store, rows.renew, **KEY, by="resp_1", until=NOW + 90)
    assert not write(store, rows.release, **KEY, by="resp_1")
    assert sizes(store) == [1, 2, 0]
    assert read(store, responses.get, namespace="default", response_id="resp_1") is None
    assert saved(store).running == "resp_2"


def test_a_renewal_is_seen_by_who_would_take_it_over(store, row):
    write(store, rows.hold, seen=row, by="resp_1", until=NOW)
    seen = saved(store)
    assert write(store, rows.renew, **KEY, by="resp_1", until=NOW + 60)
    assert not write(store, rows.hold, seen=seen, by="resp_2", until=NOW + 60)
    assert write(store, rows.release, **KEY, by="resp_1")
    assert saved(store) == row


def test_a_response_is_saved_though_its_conversation_was_deleted(store, row):
    write(store, rows.hold, seen=row, by="resp_1", until=NOW + 60)
    assert write(store, rows.hide, **KEY, now=NOW)
    assert turn(store, row)
    assert sizes(store) == [1, 2, 1]
    assert read(store, rows.items_at, **KEY, revision=0) == [b"a", b"b"]


def test_each_revision_can_be_read_again(store, row):
    assert write(store, rows.append, seen=row, chain=b"1", items=named("c"))
    assert write(store, rows.remove_item, seen=saved(store), chain=b"2", item_id="a")
    assert write(store, rows.append, seen=saved(store), chain=b"3", items=named("a"))
    found = [read(store, rows.items_at, **KEY, revision=revision) for revision in range(4)]
    assert found == [[b"a", b"b"], [b"a", b"b", b"c"], [b"b", b"c"], [b"b", b"c", b"a"]]
    assert read(store, rows.among, row=row, item_ids=["a", "x", "c"]) == {"a", "c"}
    assert read(store, rows.find_item, row=row, item_id="a") == (3, b"a")


def test_a_page_begins_behind_an_item(store, row):
    write(store, rows.append, seen=row, chain=b"1", items=named("c", "d"))
    assert read(store, rows.page, row=row, asked=ItemPage(2)) == [b"d", b"c"]
    assert read(store, rows.page, row=row, asked=ItemPage(2, after=1)) == [b"a"]
    assert read(store, rows.page, row=row, asked=ItemPage(2, newest_first=False, after=0)) == [b"b", b"c"]


def test_the_sweep_takes_a_removed_item_when_no_response_has_read_it(store, row):
    write(store, rows.hold, seen=row, by="resp_1", until=NOW + 60)
    turn(store, row)
    for item_id in ("a", "c"):
        assert write(store, rows.remove_item, seen=saved(store), chain=b"", item_id=item_id)
    assert asyncio.run(sweep(store, "default", NOW)) == 1  # the response has read `a`, nobody has read `c`
    assert read(store, rows.items_at, **KEY, revision=0) == [b"a", b"b"]
    asyncio.run(sweep(store, "default", NOW + 100 + GRACE))
    assert sizes(store) == [1, 1, 0]


def test_the_sweep_takes_a_deleted_conversation_after_all_that_have_read_it(store, row):
    write(store, rows.hold, seen=row, by="resp_1", until=NOW + 60)
    turn(store, row, replace(RESPONSE, expires_at=NOW + 1e6))
    write(store, rows.hide, **KEY, now=NOW)
    asyncio.run(sweep(store, "default", NOW + GRACE))
    assert sizes(store) == [1, 3, 1]
    asyncio.run(sweep(store, "default", NOW + 1e6 + GRACE))
    assert sizes(store) == [0, 0, 0]


def test_the_sweep_waits_for_a_run_that_may_still_save(store, row):
    write(store, rows.hide, **KEY, now=NOW)
    assert asyncio.run(sweep(store, "default", NOW + GRACE - 1)) == 0
    assert asyncio.run(sweep(store, "default", NOW + GRACE)) == 1
    assert sizes(store) == [0, 0, 0]


def test_a_living_conversation_does_not_expire(store, row):
    assert asyncio.run(sweep(store, "default", NOW + 1e9)) == 0
    assert saved(store) == row


class TestReplicas:
    @pytest.fixture
    def pair(self, start_server, tmp_path):
        path = str(tmp_path / "store.db")
        return [start_server(Clock(NOW), db=path).http("/v1") for _ in range(2)]

    def test_what_one_server_begins_the_other_goes_on_with(self, pair):
        one, other = pair
        conversation = one.post("/conversations", json={}).json()["id"]
        body = {"model": "gpt-4o", "input": "Hello", "conversation": conversation}
        for http in (one, other, one):
            assert http.post("/responses", json=body).json()["status"] == "completed"
        listed = [http.get(f"/conversations/{conversation}/items").json()["data"] for http in pair]
        assert listed[0] == listed[1]
        assert len(listed[0]) == 6

    def test_a_background_run_of_one_server_holds_it_for_the_other_and_is_ended_there(self, pair):
        one, other = pair
        conversation = one.post("/conversations", json={}).json()["id"]
        body = {"model": "gpt-4o", "input": "Hello", "conversation": conversation}
        job = one.post("/responses", json={**body, "background": True}).json()["id"]
        assert other.post("/responses", json=body).json()["error"]["code"] == "conversation_locked"
        for http in pair:
            http.get(f"/responses/{job}")
        assert len(one.get(f"/conversations/{conversation}/items").json()["data"]) == 2
        assert other.post("/responses", json=body).json()["status"] == "completed"

    def test_of_many_runs_at_once_each_leaves_its_turn_whole_or_is_told(self, pair):
        import threading

        conversation = pair[0].post("/conversations", json={}).json()["id"]
        body = {"model": "gpt-4o", "input": "Hello", "conversation": conversation}
        answers = []

        def ask(http):
            answers.extend(http.post("/responses", json=body).json() for _ in range(10))

        threads = [threading.Thread(target=ask, args=(http,)) for http in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [answer for answer in answers if answer["error"]]
        assert {answer["error"]["code"] for answer in told} <= {"conversation_locked"}
        made = {answer["output"][0]["id"]: answer for answer in answers if not answer["error"]}
        query = {"limit": 100, "order": "asc"}
        kept = pair[1].get(f"/conversations/{conversation}/items", params=query).json()["data"]
        assert [item["role"] for item in kept] == ["user", "assistant"] * len(made)
        order = [made[item["id"]]["usage"]["input_tokens"] for item in kept[1::2]]
        assert order == sorted(set(order))  # each has read all before it
