"""Files and their pieces: nobody sees an upload before its end, and nothing stays of one that was given up."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from emulator.store import files
from emulator.store.engine import Store
from emulator.store.files import FilePage, FileRow
from emulator.store.schema import file_pieces

NOW = 1_752_174_469.0


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    yield store
    asyncio.run(store.close())


def read(store, work):
    return asyncio.run(store.read(work))


def write(store, work):
    return asyncio.run(store.write(work))


def row(file_id="file-1", namespace="default", **facts):
    values = {"filename": "a.txt", "purpose": "batch", "bytes": 3, "created_at": NOW, "expires_at": None}
    return FileRow(namespace, file_id, **{**values, **facts})


def save(store, made, data=b"abc"):
    """A whole file in one write."""

    def work(connection):
        files.begin(connection, made.namespace, made.id, made.created_at)
        files.add_piece(connection, made.namespace, made.id, 0, data)
        return files.finish(connection, made.id, made)

    return write(store, work)


def pieces_left(store):
    return read(store, lambda connection: connection.scalar(select(func.count()).select_from(file_pieces)))


def ids(store, now=NOW, namespace="default", **asked):
    asked = FilePage(**{"limit": 100, **asked})
    return [found.id for found in read(store, lambda c: files.page(c, namespace, asked, now))]


def test_a_finished_file_is_found_as_it_was_given(store):
    assert save(store, row()) == row()
    assert read(store, lambda c: files.get(c, "default", "file-1", NOW)) == row()
    assert read(store, lambda c: files.piece(c, "default", "file-1", 0)) == b"abc"
    assert read(store, lambda c: files.piece(c, "default", "file-1", 1)) is None


def test_a_file_belongs_to_its_namespace(store):
    save(store, row())
    assert read(store, lambda c: files.get(c, "other", "file-1", NOW)) is None
    assert not write(store, lambda c: files.remove(c, "other", "file-1", NOW))
    assert ids(store, namespace="other") == []


def test_nobody_can_ask_for_an_upload_under_way(store):
    write(store, lambda c: files.begin(c, "default", "file-1", NOW))
    assert write(store, lambda c: files.add_piece(c, "default", "file-1", 0, b"abc"))
    assert read(store, lambda c: files.get(c, "default", "file-1", NOW)) is None
    assert ids(store) == []
    assert not write(store, lambda c: files.remove(c, "default", "file-1", NOW))


def test_an_upload_that_is_given_up_leaves_nothing(store):
    write(store, lambda c: files.begin(c, "default", "file-1", NOW))
    write(store, lambda c: files.add_piece(c, "default", "file-1", 0, b"abc"))
    assert write(store, lambda c: files.abandon(c, "default", "file-1"))
    assert pieces_left(store) == 0
    assert not write(store, lambda c: files.add_piece(c, "default", "file-1", 1, b"d"))
    assert write(store, lambda c: files.finish(c, "file-1", row())) is None


def test_a_finished_file_cannot_be_given_up(store):
    save(store, row())
    assert not write(store, lambda c: files.abandon(c, "default", "file-1"))
    assert pieces_left(store) == 1


def test_a_file_may_take_another_id_than_its_upload(store):
    write(store, lambda c: files.begin(c, "default", "assistant-1", NOW))
    write(store, lambda c: files.add_piece(c, "default", "assistant-1", 0, b"abc"))
    write(store, lambda c: files.finish(c, "assistant-1", row("file-2")))
    assert ids(store) == ["file-2"]
    assert read(store, lambda c: files.piece(c, "default", "file-2", 0)) == b"abc"
    assert read(store, lambda c: files.piece(c, "default", "assistant-1", 0)) is None


def test_a_removed_file_is_gone_with_its_bytes_and_only_once(store):
    save(store, row())
    assert write(store, lambda c: files.remove(c, "default", "file-1", NOW))
    assert not write(store, lambda c: files.remove(c, "default", "file-1", NOW))
    assert pieces_left(store) == 0


def test_an_expired_file_is_refused_at_once(store):
    save(store, row(expires_at=NOW + 10))
    assert ids(store, NOW + 9.9) == ["file-1"]
    assert ids(store, NOW + 10) == []
    assert read(store, lambda c: files.get(c, "default", "file-1", NOW + 10)) is None
    assert not write(store, lambda c: files.remove(c, "default", "file-1", NOW + 10))


def test_the_sweep_takes_what_is_due_and_nothing_else(store):
    for number in range(5):
        save(store, row(f"file-{number}", expires_at=NOW + 10))
    save(store, row("file-stays"))
    assert write(store, lambda c: files.sweep(c, "default", NOW + 9, 100)) == 0
    assert [write(store, lambda c: files.sweep(c, "default", NOW + 10, 3)) for _ in range(3)] == [3, 2, 0]
    assert ids(store, NOW + 10) == ["file-stays"]
    assert pieces_left(store) == 1


def test_the_sweep_takes_an_upload_that_was_forgotten_for_a_day(store):
    write(store, lambda c: files.begin(c, "default", "file-1", NOW))
    write(store, lambda c: files.add_piece(c, "default", "file-1", 0, b"abc"))
    assert write(store, lambda c: files.sweep(c, "default", NOW + files.UPLOAD_SECONDS - 1, 100)) == 0
    assert write(store, lambda c: files.sweep(c, "default", NOW + files.UPLOAD_SECONDS, 100)) == 1
    assert pieces_left(store) == 0


def test_files_made_at_one_moment_are_listed_in_the_order_they_came(store):
    names = ["file-c", "file-a", "file-d", "file-b"]
    made = [save(store, row(name)) for name in names]
    assert ids(store, newest_first=False) == names
    assert ids(store) == names[::-1]
    assert {int(one.created_at) for one in made} == {int(NOW)}


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_cover_the_list_without_gaps(store, limit, newest_first):
    for number in range(7):
        save(store, row(f"file-{number}", created_at=NOW + number // 3))
    whole = ids(store, newest_first=newest_first)
    seen, after = [], None
    while True:
        asked = FilePage(limit, newest_first, after)
        rows = read(store, lambda c, asked=asked: files.page(c, "default", asked, NOW))
        if not rows:
            break
        seen += [found.id for found in rows]
        after = rows[-1]
    assert seen == whole
    assert len(whole) == 7


def test_a_page_can_be_of_one_purpose(store):
    save(store, row("file-1", purpose="batch"))
    save(store, row("file-2", purpose="evals"))
    assert ids(store, purpose="evals") == ["file-2"]
    assert ids(store, purpose="nothing") == []
