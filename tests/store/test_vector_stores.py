"""The rows of vector stores: nothing half made, a sweep that takes all that is in one, two servers on one database."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from emulator.core.clock import Clock
from emulator.core.search import Chunk
from emulator.run.sweep import sweep
from emulator.store import vector_stores as rows
from emulator.store.engine import Store
from emulator.store.schema import vector_store_batches, vector_store_chunks, vector_store_files, vector_stores
from emulator.store.vector_stores import KEPT, BatchRow, SearchedFileRow, StoreRow

NOW = 1_752_174_469.0
DAY = 86_400.0
STORE = StoreRow("default", "vs_1", "docs", b"{}", 1, NOW, NOW, NOW + DAY)
FILE = SearchedFileRow("default", "vs_1", "file-1", "a.txt", b"{}", 800, 400, 3, None, None, None, NOW)
BATCH = BatchRow("default", "vsfb_1", "vs_1", 1, 0, NOW)
INDEXED = [(FILE, [Chunk("abc"), Chunk("bcd", 2)])]
TABLES = (vector_stores, vector_store_files, vector_store_chunks, vector_store_batches)


@pytest.fixture
def store():
    opened = Store()
    yield opened
    asyncio.run(opened.close())


def write(store, work):
    return asyncio.run(store.write(work))


def sizes(store):
    async def count(table):
        return await store.read(lambda connection: connection.scalar(select(func.count()).select_from(table)))

    return [asyncio.run(count(table)) for table in TABLES]


def test_files_and_their_batch_go_in_together_or_not_at_all(store):
    put = partial(rows.put_files, indexed=INDEXED, batch=BATCH)
    assert not write(store, partial(put, now=NOW))
    write(store, partial(rows.add, row=STORE))
    assert not write(store, partial(put, now=NOW + DAY))
    assert sizes(store) == [1, 0, 0, 0]
    assert write(store, partial(put, now=NOW))
    assert sizes(store) == [1, 1, 2, 1]


def test_putting_a_file_in_is_a_use_and_replaces_its_chunks(store):
    write(store, partial(rows.add, row=STORE, indexed=INDEXED))
    assert write(store, partial(rows.put_files, indexed=[(FILE, [Chunk("x")])], now=NOW + 10))
    assert sizes(store) == [1, 1, 1, 0]
    found = asyncio.run(store.read(partial(rows.get, namespace="default", store_id="vs_1")))
    assert (found.last_active_at, found.expires_at) == (NOW + 10, NOW + 10 + DAY)


@pytest.mark.parametrize(("days", "now"), [(1, NOW - 1), (1, NOW + DAY), (None, NOW)])
def test_a_use_dates_nothing_back_and_revives_nothing(store, days, now):
    row = replace(STORE, days=days, expires_at=NOW + DAY if days else None)
    write(store, partial(rows.add, row=row))
    assert not write(store, partial(rows.touch, namespace="default", store_id="vs_1", now=now))


def test_one_that_never_expires_is_used_without_getting_an_end(store):
    write(store, partial(rows.add, row=replace(STORE, days=None, expires_at=None)))
    assert write(store, partial(rows.touch, namespace="default", store_id="vs_1", now=NOW + 5))
    found = asyncio.run(store.read(partial(rows.get, namespace="default", store_id="vs_1")))
    assert (found.last_active_at, found.expires_at) == (NOW + 5, None)


def test_the_sweep_takes_an_old_one_with_all_that_is_in_it(store):
    write(store, partial(rows.add, row=STORE))
    write(store, partial(rows.put_files, indexed=INDEXED, now=NOW, batch=BATCH))
    write(store, partial(rows.add, row=replace(STORE, id="vs_2", days=None, expires_at=None)))
    assert asyncio.run(sweep(store, "default", NOW + DAY + KEPT - 1)) == 0
    assert asyncio.run(sweep(store, "default", NOW + DAY + KEPT)) == 1
    assert sizes(store) == [1, 0, 0, 0]


def test_deleting_one_leaves_the_others(store):
    write(store, partial(rows.add, row=STORE, indexed=INDEXED))
    other = replace(FILE, vector_store_id="vs_2")
    write(store, partial(rows.add, row=replace(STORE, id="vs_2"), indexed=[(other, [Chunk("x")])]))
    assert write(store, partial(rows.remove, namespace="default", store_id="vs_1"))
    assert not write(store, partial(rows.remove, namespace="default", store_id="vs_1"))
    assert sizes(store) == [1, 1, 1, 0]


def test_what_one_server_puts_in_the_other_finds(start_server, tmp_path):
    path = str(tmp_path / "store.db")
    one, other = (start_server(Clock(NOW), db=path).http("/v1") for _ in range(2))
    uploaded = one.post("/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"Cats sleep.")}).json()
    made = one.post("/vector_stores", json={"file_ids": [uploaded["id"]]}).json()
    found = other.post(f"/vector_stores/{made['id']}/search", json={"query": "cats"}).json()["data"]
    assert [hit["file_id"] for hit in found] == [uploaded["id"]]
