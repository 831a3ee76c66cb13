"""Deliveries of webhooks in the store and over several servers: one attempt at a time, and none is lost."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from emulator.core.clock import Clock
from emulator.core.webhooks import MOST_ATTEMPTS, body_of
from emulator.run import deliveries
from emulator.run.sweep import sweep
from emulator.store import webhooks
from emulator.store.engine import Store
from emulator.store.schema import webhook_deliveries
from emulator.store.webhooks import DELIVERED, KEPT, PENDING, DeliveryRow, Outlook
from tests.receivers import Receiver

NOW = 1_763_000_000.0
EVENT = "response.completed"
BODY = body_of("resp_1", EVENT, int(NOW))
ROW = DeliveryRow("default", "wh_1", "webhook_1", "resp_1", EVENT, BODY, NOW, PENDING, 0, NOW, 0.0)


@pytest.fixture
def store():
    store = Store(None)
    yield store
    asyncio.run(store.close())


def save(store, *rows):
    asyncio.run(store.insert(webhooks.new_rows(rows)))


def claim(store, now=NOW, machine_now=1000.0, most=10):
    return asyncio.run(
        store.write(
            lambda c: webhooks.claim(c, "default", now, machine_now=machine_now, until=machine_now + 30, most=most)
        )
    )


def record(store, seen, then):
    return asyncio.run(store.write(lambda c: webhooks.record(c, seen, then)))


def outlook(store, machine_now=1000.0):
    return asyncio.run(store.read(lambda c: webhooks.outlook(c, "default", machine_now)))


def test_a_delivery_is_claimed_once_until_its_lease_ends(store):
    save(store, ROW)
    assert outlook(store) == Outlook(NOW, None)
    assert claim(store) == [replace(ROW, attempts=1, leased_until=1030.0)]
    assert claim(store, machine_now=1029.9) == []
    assert outlook(store, 1029.9) == Outlook(None, 1030.0)
    assert [row.attempts for row in claim(store, machine_now=1030.0)] == [2]


def test_only_what_is_due_is_claimed_the_first_at_first_and_no_more_than_asked(store):
    later = [replace(ROW, id=f"wh_{n}", due_at=NOW + n) for n in (3, 1, 2)]
    save(store, *later, replace(ROW, id="wh_x", namespace="other"))
    assert claim(store) == []
    assert [row.id for row in claim(store, now=NOW + 2)] == ["wh_1", "wh_2"]
    assert claim(store, now=NOW + 3, most=0) == []
    assert [row.id for row in claim(store, now=NOW + 3, most=1)] == ["wh_3"]


def test_an_attempt_whose_lease_ended_records_nothing_over_a_newer_one(store):
    save(store, ROW)
    (old,) = claim(store)
    (new,) = claim(store, machine_now=1030.0)
    assert not record(store, old, replace(old, status=DELIVERED))
    assert record(store, new, replace(new, due_at=NOW + 5, answered=500, error="No."))
    assert outlook(store, 1031.0) == Outlook(NOW + 5, None)
    assert not record(store, replace(new, attempts=3), replace(new, status=DELIVERED))


def test_the_sweep_takes_what_has_ended_long_ago(store):
    save(store, ROW, replace(ROW, id="wh_2", status=DELIVERED), replace(ROW, id="wh_3", status="failed"))
    assert asyncio.run(sweep(store, "default", NOW + KEPT - 1)) == 0
    assert asyncio.run(sweep(store, "default", NOW + KEPT)) == 2
    assert asyncio.run(store.read(lambda c: c.scalar(select(func.count()).select_from(webhook_deliveries)))) == 1


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture
def start(start_server, tmp_path):
    """Starts servers on one database; their clocks stand still."""

    def begin(now=NOW, **settings):
        return start_server(Clock(now), db=str(tmp_path / "store.db"), egress=("loopback",), **settings)

    return begin


def begin(http):
    return http.post("/v1/responses", json={"model": "gpt-4o", "input": "Hi", "background": True}).json()["id"]


def tried(http, expected):
    """Wait until the deliveries are as expected: the attempts of each, and how the last was answered."""
    for _ in range(2_000):
        rows = http.get("/_emulator/webhooks/deliveries").json()["data"]
        if [(row["attempts"], row["answered"]) for row in rows] == expected:
            return
    raise AssertionError(rows)


def delivered(http, number):
    """Wait until so many deliveries are recorded as made; the receiver has them a moment before."""
    for _ in range(2_000):
        rows = http.get("/_emulator/webhooks/deliveries").json()["data"]
        if [row["status"] for row in rows] == ["delivered"] * number:
            return rows
    raise AssertionError(rows)


def test_of_two_servers_one_sends(start, receiver):
    one, other = (start().http("") for _ in range(2))
    one.post("/_emulator/webhooks", json={"url": receiver.url})
    made = []
    for http in (one, other) * 5:
        response_id = begin(other)
        one.get(f"/v1/responses/{response_id}")
        http.get(f"/v1/responses/{response_id}")
        made.append(response_id)
    assert sorted(got.event["data"]["id"] for got in receiver.take(10)) == sorted(made)
    assert {row["attempts"] for row in delivered(one, 10)} == {1}
    assert receiver.is_empty


def test_a_server_sends_to_a_webhook_that_it_has_not_heard_of(start, receiver):
    """It was registered on another server, which died, and this one has only its own delivery to look after."""
    one, other = start(), start()
    receiver.answer(500, 500)
    with Receiver(500) as new:
        for server, url in ((other, receiver.url), (one, new.url)):
            http = server.http("")
            http.post("/_emulator/webhooks", json={"url": url})
            response_id = begin(http)
            for _ in range(2):
                http.get(f"/v1/responses/{response_id}")
            assert (receiver if server is other else new).next().event["data"]["id"] == response_id
        assert receiver.next().event["data"]["id"] == response_id
        tried(http, [(1, 500)] * 3)
        one.__exit__()
        other.clock.advance(5)
        assert new.next().event["data"]["id"] == response_id
    delivered(other.http(""), 3)


def test_a_new_server_sends_what_another_left(start, receiver):
    first = start()
    receiver.answer(500)
    first.http("").post("/_emulator/webhooks", json={"url": receiver.url})
    unfinished, waiting = begin(first.http("")), begin(first.http(""))
    for _ in range(2):
        first.http("").get(f"/v1/responses/{waiting}")
    assert receiver.next().event["data"]["id"] == waiting
    first.__exit__()
    second = start(NOW + 60).http("")
    # The one that failed is due again, the other's end has come by the clock; nobody asks for either.
    assert {got.event["data"]["id"] for got in receiver.take(2)} == {unfinished, waiting}
    delivered(second, 2)


def test_a_delivery_of_a_server_that_died_is_made_when_its_lease_ends(start, receiver, monkeypatch):
    monkeypatch.setattr(deliveries, "LEASE", 0.3)
    first = start()
    receiver.hold()
    first.http("").post("/_emulator/webhooks", json={"url": receiver.url})
    response_id = begin(first.http(""))
    for _ in range(2):
        first.http("").get(f"/v1/responses/{response_id}")
    held = receiver.next()
    first.__exit__()  # its end cancels the attempt, and nothing of it is recorded
    receiver.release()
    again = start()
    got = receiver.next()
    assert (got.headers["webhook-id"], got.body) == (held.headers["webhook-id"], held.body)
    assert [row["attempts"] for row in delivered(again.http(""), 1)] == [2]


def test_a_delivery_that_kills_its_server_each_time_is_given_up(start, receiver):
    server = start()
    http = server.http("")
    webhook = http.post("/_emulator/webhooks", json={"url": receiver.url}).json()["id"]
    server.__exit__()
    store = Store(server.settings.db)
    save(store, replace(ROW, webhook_id=webhook, attempts=MOST_ATTEMPTS))
    asyncio.run(store.close())
    http = start().http("")
    for _ in range(2_000):
        (row,) = http.get("/_emulator/webhooks/deliveries").json()["data"]
        if row["status"] != "pending":
            break
    assert (row["status"], row["error"]) == ("failed", "The server died during the last attempt.")
    assert receiver.is_empty


def test_what_was_to_be_sent_by_a_setting_that_is_gone_is_given_up(start, receiver):
    receiver.answer(500)
    first = start(webhook=receiver.url, webhook_secret="whsec_" + "c2VjcmV0" * 4)
    response_id = begin(first.http(""))
    for _ in range(2):
        first.http("").get(f"/v1/responses/{response_id}")
    receiver.next()
    first.__exit__()
    http = start(NOW + 60).http("")
    for _ in range(2_000):
        (row,) = http.get("/_emulator/webhooks/deliveries").json()["data"]
        if row["status"] != "pending":
            break
    assert (row["status"], row["error"]) == ("failed", "The webhook is not registered any more.")
