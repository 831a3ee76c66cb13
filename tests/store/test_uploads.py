"""Uploads in parts in the store: one end each, whoever comes at the same moment, and a sweep that leaves nothing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from emulator.run.sweep import sweep
from emulator.store import files, uploads
from emulator.store.engine import Store
from emulator.store.files import FileRow
from emulator.store.schema import file_pieces, upload_parts
from emulator.store.uploads import KEPT, PartRow, UploadRow

NOW = 1_752_174_469.0
UPLOAD = UploadRow("default", "upload_1", "a.txt", "batch", 3, None, "pending", NOW, NOW + 3600)
FILE = FileRow("default", "file-1", "a.txt", "batch", 3, NOW, None)


@pytest.fixture
def store():
    store = Store(None)
    asyncio.run(store.write(lambda c: uploads.add(c, UPLOAD)))
    yield store
    asyncio.run(store.close())


def write(store, work):
    return asyncio.run(store.write(work))


def save_part(store, part_id="part_1", at=NOW):
    def work(connection):
        files.begin(connection, "default", part_id, at)
        files.add_piece(connection, "default", part_id, 0, b"abc")
        return uploads.add_part(connection, PartRow("default", part_id, UPLOAD.id, 3, at))

    return write(store, work)


def begin_file(store):
    write(store, lambda c: files.begin(c, "default", FILE.id, NOW))


def count(store, table):
    return asyncio.run(store.read(lambda c: c.scalar(select(func.count()).select_from(table))))


def status(store):
    return asyncio.run(store.read(lambda c: uploads.get(c, "default", UPLOAD.id))).status


def test_an_upload_ends_once(store):
    save_part(store)
    begin_file(store)
    assert write(store, lambda c: uploads.complete(c, UPLOAD, FILE, NOW)) == FILE
    assert not write(store, lambda c: uploads.cancel(c, UPLOAD, NOW))
    assert write(store, lambda c: uploads.complete(c, UPLOAD, FILE, NOW)) is None
    assert status(store) == "completed"
    assert not save_part(store, "part_2")


def test_a_file_that_was_swept_completes_nothing(store):
    save_part(store)
    assert write(store, lambda c: uploads.complete(c, UPLOAD, FILE, NOW)) is None
    assert status(store) == "pending"
    assert count(store, upload_parts) == 1


def test_an_upload_whose_time_is_over_takes_no_part_and_no_end(store):
    begin_file(store)
    late = NOW + 3600
    assert not save_part(store, at=late)
    assert write(store, lambda c: uploads.complete(c, UPLOAD, FILE, late)) is None
    assert not write(store, lambda c: uploads.cancel(c, UPLOAD, late))


def test_the_sweep_takes_the_parts_at_once_and_the_row_later(store):
    for number in range(3):
        assert save_part(store, f"part_{number}")
    assert asyncio.run(sweep(store, "default", NOW + 3599)) == 0
    assert asyncio.run(sweep(store, "default", NOW + 3600)) == 3
    assert count(store, upload_parts) == count(store, file_pieces) == 0
    assert status(store) == "pending"
    assert asyncio.run(sweep(store, "default", NOW + 3600 + KEPT)) == 1
    assert asyncio.run(store.read(lambda c: uploads.get(c, "default", UPLOAD.id))) is None


def test_the_sweep_takes_few_parts_at_once(store):
    for number in range(5):
        save_part(store, f"part_{number}")
    assert write(store, lambda c: uploads.sweep(c, "default", NOW + 3600, 2)) == 2
    assert count(store, upload_parts) == 3


def test_of_many_who_complete_at_once_one_gets_the_file(start_server):
    server = start_server()
    http = server.http()
    content = bytes(3 * 1024 * 1024)
    body = {"bytes": len(content), "filename": "a.txt", "mime_type": "text/plain", "purpose": "batch"}
    upload = http.post("/uploads", json=body).json()["id"]
    part = http.post(f"/uploads/{upload}/parts", files={"data": ("part", content)}).json()["id"]

    def complete(_):
        return server.http().post(f"/uploads/{upload}/complete", json={"part_ids": [part]}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(complete, range(6))) == [200, 400, 400, 400, 400, 400]
    assert [file["bytes"] for file in http.get("/files").json()["data"]] == [len(content)]
