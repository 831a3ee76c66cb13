"""The sweep takes what nobody can ask for and no descendant needs, whole chains in one go."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from emulator.run.sweep import sweep
from emulator.store import responses as rows
from emulator.store.engine import Store, StoreError
from emulator.store.responses import GRACE, ResponseRow

ROW = ResponseRow(
    "default", "resp_0", None, "completed", False, False, 0.0, 100.0, False, 2, 0, 0.0, None, b"{}", b"[]", b"{}"
)  # fmt: skip


@pytest.fixture
def store():
    opened = Store()
    yield opened
    asyncio.run(opened.close())


def save(store, *made):
    async def run():
        for row in made:
            await store.insert(rows.new_rows(row, [f"item_{row.id}"], [b"{}"]))

    asyncio.run(run())


def left(store):
    async def run():
        return [
            name
            for name in (f"resp_{n}" for n in range(60))
            if await store.read(partial(rows.get, namespace="default", response_id=name))
        ]

    return asyncio.run(run())


def chain(length):
    return [replace(ROW, id=f"resp_{n}", previous_id=f"resp_{n - 1}" if n else None) for n in range(length)]


def test_an_expired_chain_goes_whole(store):
    save(store, *chain(50))
    assert asyncio.run(sweep(store, "default", 100.0 + GRACE)) == 50
    assert left(store) == []


def test_what_has_just_expired_stays_for_the_children_that_are_being_made(store):
    save(store, *chain(3))
    assert asyncio.run(sweep(store, "default", 100.0 + GRACE - 1)) == 0
    assert len(left(store)) == 3


def test_an_ancestor_stays_while_a_living_descendant_needs_it(store):
    first, second, third = chain(3)
    save(store, first, second, replace(third, expires_at=1e9))
    assert asyncio.run(sweep(store, "default", 1e6)) == 0
    assert asyncio.run(sweep(store, "default", 1e9 + GRACE)) == 3


def test_a_deleted_response_goes_an_hour_after_its_deletion(store):
    save(store, replace(ROW, expires_at=1e9))
    assert asyncio.run(store_write(store, partial(rows.hide, seen=ROW, now=500.0)))
    assert asyncio.run(sweep(store, "default", 500.0 + GRACE - 1)) == 0
    assert asyncio.run(sweep(store, "default", 500.0 + GRACE)) == 1


def test_the_items_of_a_response_leave_the_index_with_it(store):
    asked, said = b'[{"id":"msg_asked"}]', b'{"output":[{"id":"msg_said"}]}'
    going, staying = replace(ROW, input=asked, response=said), replace(ROW, id="resp_1", input=asked, expires_at=1e9)
    asyncio.run(store.insert(rows.new_rows(going, ["msg_asked", "msg_said"])))
    asyncio.run(store.insert(rows.new_rows(staying, ["msg_asked"])))
    assert asyncio.run(sweep(store, "default", 1e6)) == 1
    found = asyncio.run(store.read(partial(rows.holders, namespace="default", item_ids=["msg_asked", "msg_said"])))
    assert found == {"msg_asked": ["resp_1"]}


def test_a_closed_store_takes_no_writes():
    closed = Store()
    asyncio.run(closed.close())
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(sweep(closed, "default", 0.0))


async def store_write(store, work):
    return await store.write(work)
