"""The rows of containers: pages without gaps, one file a path, nothing half made, and a sweep in small batches."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from emulator.run.sweep import sweep
from emulator.store import containers as rows
from emulator.store import files
from emulator.store.containers import KEPT, ContainerFilePage, ContainerFileRow, ContainerPage, ContainerRow
from emulator.store.engine import Store
from emulator.store.schema import container_files, file_pieces

NOW = 1_752_174_469.0
BOX = ContainerRow("default", "cntr_1", "box", "1g", 20, NOW, NOW, NOW + 1200)
FILE = ContainerFileRow("default", "cfile_1", "cntr_1", "/mnt/data/a.txt", "assistant", 3, NOW)


@pytest.fixture
def store():
    opened = Store()
    yield opened
    asyncio.run(opened.close())


def read(store, work):
    return asyncio.run(store.read(work))


def write(store, work):
    return asyncio.run(store.write(work))


def add(store, row, uploads=()):
    return write(store, partial(rows.add, row=row, uploads=uploads))


def put(store, row, data=b"abc", now=NOW, most=100):
    return write(store, partial(rows.put_file, row=row, data=data, now=now, most=most))


def begin(store, upload_id, data=b"abc"):
    write(store, lambda c: files.begin(c, "default", upload_id, NOW))
    write(store, lambda c: files.add_piece(c, "default", upload_id, 0, data))


def insert(store, *made):
    async def run():
        await store.insert(rows.new_file_rows(made))

    asyncio.run(run())


def paths(store, container_id="cntr_1"):
    found = read(store, partial(rows.all_files, namespace="default", container_id=container_id))
    return [(file.id, file.path.rpartition("/")[2]) for file in found]


def count(store, table):
    return read(store, lambda c: c.scalar(select(func.count()).select_from(table)))


def box(store, container_id="cntr_1"):
    return read(store, partial(rows.get, namespace="default", container_id=container_id))


def test_a_container_is_found_as_it_was_given(store):
    assert add(store, BOX) == BOX
    assert box(store) == BOX
    assert box(store, "cntr_2") is None
    assert read(store, partial(rows.get, namespace="other", container_id="cntr_1")) is None


def test_a_use_moves_it_forward_only_and_brings_nothing_back(store):
    add(store, BOX)
    use = partial(rows.touch, namespace="default", container_id="cntr_1")
    assert write(store, partial(use, now=NOW + 10, expires_at=NOW + 1210))
    assert not write(store, partial(use, now=NOW + 5, expires_at=NOW + 1205))
    assert not write(store, partial(use, now=NOW + 1210, expires_at=NOW + 2410))
    assert box(store) == replace(BOX, last_active_at=NOW + 10, expires_at=NOW + 1210)


def test_uploads_become_the_first_files_or_nothing_is_made(store):
    begin(store, "cfile_1")
    other = replace(FILE, id="cfile_2", path="/mnt/data/b.txt")
    assert add(store, BOX, [FILE, other]) is None
    assert box(store) is None
    begin(store, "cfile_2")
    assert add(store, BOX, [other, FILE]) == BOX
    assert paths(store) == [("cfile_2", "b.txt"), ("cfile_1", "a.txt")]
    assert count(store, file_pieces) == 2


@pytest.mark.parametrize("insert_it", [False, True], ids=["put", "insert"])
def test_a_file_takes_the_place_of_the_one_at_its_path(store, insert_it):
    add(store, BOX)
    put(store, FILE)
    newer = replace(FILE, id="cfile_0", created_at=NOW + 1, bytes=4)
    if insert_it:
        insert(store, (newer, b"newer"[:4]))
    else:
        put(store, newer, b"newe")
    assert paths(store) == [("cfile_0", "a.txt")]
    one = partial(rows.get_file, namespace="default", container_id="cntr_1")
    assert read(store, partial(one, file_id="cfile_0")).bytes == 4
    assert read(store, partial(one, file_id="cfile_1")) is None
    assert write(store, partial(rows.remove_file, row=newer))
    assert paths(store) == []  # and the older one does not come back
    assert (count(store, container_files), count(store, file_pieces)) == (0, 0)


def test_files_put_at_one_moment_take_the_place_of_each_other(store):
    add(store, BOX)
    for name in ("cfile_9", "cfile_1", "cfile_5"):
        put(store, replace(FILE, id=name))
    assert paths(store) == [("cfile_5", "a.txt")]
    assert count(store, file_pieces) == 1


def test_the_same_path_in_another_container_is_another_file(store):
    add(store, BOX)
    add(store, replace(BOX, id="cntr_2"))
    put(store, FILE)
    put(store, replace(FILE, id="cfile_2", container_id="cntr_2", created_at=NOW + 1))
    assert paths(store) == [("cfile_1", "a.txt")]
    assert paths(store, "cntr_2") == [("cfile_2", "a.txt")]


def test_a_large_file_lies_in_pieces(store):
    add(store, BOX)
    data = b"x" * (2 * files.PIECE + 5)
    put(store, replace(FILE, bytes=len(data)), data)
    pieces = [read(store, partial(files.piece, namespace="default", file_id="cfile_1", number=n)) for n in range(4)]
    assert [len(piece) for piece in pieces[:3]] == [files.PIECE, files.PIECE, 5]
    assert pieces[3] is None
    assert files.piece_count(len(data)) == 3


def test_no_file_goes_into_a_container_that_is_gone_expired_or_full(store):
    begin(store, "cfile_1")
    upload = partial(rows.add_upload, upload=FILE)
    assert write(store, partial(upload, now=NOW, most=9)) is None
    add(store, BOX)
    assert write(store, partial(upload, now=NOW + 1200, most=9)) is None
    assert put(store, FILE, now=NOW + 1200) is None
    assert write(store, partial(upload, now=NOW, most=0)) is None
    assert write(store, partial(upload, now=NOW, most=1)) == FILE
    assert write(store, partial(upload, now=NOW, most=9)) is None  # it is no upload any more
    other = replace(FILE, id="cfile_2", path="/mnt/data/b.txt")
    assert put(store, other, most=1) is None
    assert put(store, replace(FILE, id="cfile_3"), most=1) is not None  # in place of the one that is there
    assert paths(store) == [("cfile_3", "a.txt")]


def test_a_container_goes_with_its_files(store):
    for container_id in ("cntr_1", "cntr_2"):
        add(store, replace(BOX, id=container_id))
        put(store, replace(FILE, id=f"cfile_{container_id}", container_id=container_id))
    gone = partial(rows.remove, namespace="default", container_id="cntr_1")
    assert write(store, gone)
    assert not write(store, gone)
    assert (count(store, container_files), count(store, file_pieces)) == (1, 1)
    assert paths(store, "cntr_2") == [("cfile_cntr_2", "a.txt")]


def test_the_sweep_takes_what_is_long_expired_files_first_in_small_batches(store):
    add(store, BOX)
    add(store, replace(BOX, id="cntr_2", expires_at=NOW + 9999))
    for number in range(5):
        put(store, replace(FILE, id=f"cfile_{number}", path=f"/mnt/data/{number}"))
    put(store, replace(FILE, id="cfile_stays", container_id="cntr_2"))
    long_after = BOX.expires_at + KEPT
    one = partial(rows.sweep, namespace="default", most=3)
    assert write(store, partial(one, now=long_after - 1)) == 0
    assert [write(store, partial(one, now=long_after)) for _ in range(4)] == [3, 2, 1, 0]
    assert box(store) is None
    assert box(store, "cntr_2") is not None
    assert (count(store, container_files), count(store, file_pieces)) == (1, 1)


def test_the_sweep_of_a_namespace_takes_containers_too(store):
    add(store, BOX)
    put(store, FILE)
    assert asyncio.run(sweep(store, "default", BOX.expires_at + KEPT)) == 2
    assert asyncio.run(sweep(store, "default", BOX.expires_at + KEPT)) == 0


MOMENTS = st.lists(st.floats(0, 3).map(lambda at: round(at, 1)), max_size=12)


@given(moments=MOMENTS, limit=st.integers(1, 5), newest_first=st.booleans(), name=st.sampled_from([None, "a", "b"]))
def test_pages_cover_the_containers_of_a_name_without_gaps(moments, limit, newest_first, name):
    async def run():
        store = Store()
        made = []
        for number, at in enumerate(moments):
            row = replace(BOX, id=f"cntr_{number}", name="ab"[number % 2], created_at=NOW + at)
            made.append(await store.write(partial(rows.add, row=row)))
        seen, after = [], None
        while True:
            asked = ContainerPage(limit, newest_first, after, name)
            page = await store.read(partial(rows.page, namespace="default", asked=asked))
            assert len(page) <= limit
            if not page:
                break
            seen += page
            after = page[-1]
        await store.close()
        wanted = [row for row in made if name in (None, row.name)]
        assert seen == sorted(wanted, key=lambda row: row.created_at, reverse=newest_first)

    asyncio.run(run())


@given(moments=MOMENTS, limit=st.integers(1, 5), newest_first=st.booleans(), drop=st.sets(st.integers(0, 11)))
def test_pages_cover_the_files_of_a_container_without_gaps(moments, limit, newest_first, drop):
    async def run():
        store = Store()
        await store.write(partial(rows.add, row=BOX))
        made = []
        for number, at in enumerate(moments):
            row = replace(FILE, id=f"cfile_{number}", path=f"/{number}", created_at=NOW + at)
            made.append(await store.write(partial(rows.put_file, row=row, data=b"x", now=NOW, most=99)))
        for row in made:
            if int(row.id[6:]) in drop:
                await store.write(partial(rows.remove_file, row=row))
        seen, after = [], None
        while True:
            work = partial(rows.page_of_files, namespace="default", container_id="cntr_1")
            page = await store.read(partial(work, asked=ContainerFilePage(limit, newest_first, after)))
            if not page:
                break
            seen += page
            after = page[-1]
        await store.close()
        wanted = [row for row in made if int(row.id[6:]) not in drop]
        assert seen == sorted(wanted, key=lambda row: row.created_at, reverse=newest_first)

    asyncio.run(run())
