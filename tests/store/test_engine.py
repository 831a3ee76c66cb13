"""Writes of one moment share a transaction; one that waits for nobody does not wait."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import insert, select

from emulator.core.clock import breathe
from emulator.store import engine
from emulator.store.engine import MOST_TURNS, Store, StoreError
from emulator.store.schema import meta


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE files (name TEXT)")
    theirs.close()
    with pytest.raises(StoreError, match=r"theirs\.db: table files already exists .* use another --db"):
        Store(str(path))
    with sqlite3.connect(path) as theirs:
        assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("files",)]
    theirs.close()


@pytest.fixture
def transactions(monkeypatch):
    """How many jobs each transaction had."""
    sizes, write = [], engine._write

    def counted(connection, jobs):
        sizes.append(len(jobs))
        return write(connection, jobs)

    monkeypatch.setattr(engine, "_write", counted)
    return sizes


def run(work):
    async def main():
        store = Store()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(main())


async def save(store, key, turns=0):
    for _ in range(turns):
        await breathe()
    await store.insert({meta: [(key, "x")]})


def test_a_single_write_waits_for_nobody(transactions):
    async def work(store):
        turns = 0
        saving = asyncio.ensure_future(save(store, "one"))
        while not saving.done():
            turns += 1
            await breathe()
        return turns

    assert run(work) <= 4
    assert transactions == [1]


def test_what_comes_turn_after_turn_goes_together_for_some_turns(transactions):
    async def work(store):
        await asyncio.gather(*(save(store, str(number), number // 2) for number in range(4 * MOST_TURNS)))
        return await store.read(lambda read: set(read.scalars(select(meta.c.key))))

    assert run(work) > {str(number) for number in range(4 * MOST_TURNS)}
    assert sum(transactions) == 4 * MOST_TURNS
    assert 1 < len(transactions) < 2 * MOST_TURNS


def test_one_that_fails_takes_no_other_with_it(transactions):
    async def work(store):
        await save(store, "there")
        results = await asyncio.gather(
            save(store, "there"), save(store, "new"), store.write(lambda write: write.execute(insert(meta), [{}])),
            return_exceptions=True,
        )  # fmt: skip
        return results, await store.read(lambda read: set(read.scalars(select(meta.c.key))))

    (first, second, third), keys = run(work)
    assert isinstance(first, Exception)
    assert isinstance(third, Exception)
    assert second is None
    assert keys >= {"there", "new"}
