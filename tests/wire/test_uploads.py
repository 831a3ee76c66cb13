"""Uploads in parts over the wire: every route, in both dialects; nothing of one that ends without a file is kept."""

import asyncio
import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import openai
import pytest

from emulator.core.clock import Clock
from emulator.core.upload_params import MOST_BYTES, PART_LIMIT

NOW = 1_752_174_469.5
MEGABYTE = 1024 * 1024
KEYS = ["id", "object", "bytes", "created_at", "filename", "purpose", "status", "expires_at"]
PART_KEYS = ["id", "object", "created_at", "upload_id"]
DIALECTS = pytest.mark.parametrize("path", ["/openai/v1", "/v1"])


def body(**more):
    return {"bytes": 5, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants", **more}


def begin(http, **more):
    answer = http.post("/uploads", json=body(**more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(http, upload, data=b"hello"):
    return http.post(f"/uploads/{upload['id']}/parts", files={"data": ("part", data)})


def complete(http, upload, *parts, **more):
    return http.post(f"/uploads/{upload['id']}/complete", json={"part_ids": [part["id"] for part in parts], **more})


def cancel(http, upload):
    return http.post(f"/uploads/{upload['id']}/cancel")


def error_of(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def md5_of(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def left_in(path):
    """How many rows a database has in each table that an upload may leave something in."""
    tables = ("uploads", "upload_parts", "files", "file_pieces")
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables]  # noqa: S608


@pytest.mark.parametrize(
    ("path", "file_id"),
    [("/openai/v1", "assistant-[0-9A-Za-z]{22}"), ("/openai", "assistant-[0-9A-Za-z]{22}"),
     ("/v1", "file-[0-9A-Za-z]{22}")],
)  # fmt: skip
def test_parts_become_an_ordinary_file_in_the_order_that_is_asked(start_server, path, file_id):
    http = start_server(Clock(NOW)).http(path)
    upload = begin(http, bytes=10, filename="notes.txt")
    assert list(upload) == KEYS
    assert re.fullmatch("upload_[0-9a-f]{32}", upload["id"])
    assert upload == {
        "id": upload["id"],
        "object": "upload",
        "bytes": 10,
        "created_at": int(NOW),
        "filename": "notes.txt",
        "purpose": "assistants",
        "status": "pending",
        "expires_at": int(NOW) + 3600,
    }
    second, first, unused = (send(http, upload, data).json() for data in (b"world", b"hello", b"never"))
    assert list(first) == PART_KEYS
    assert re.fullmatch("part_[0-9a-f]{32}", first["id"])
    assert (first["object"], first["created_at"], first["upload_id"]) == ("upload.part", int(NOW), upload["id"])
    assert http.get("/files").json()["data"] == []
    done = complete(http, upload, first, second).json()
    file = done.pop("file")
    assert done == {**upload, "status": "completed"}
    assert re.fullmatch(file_id, file["id"])
    assert (file["bytes"], file["filename"], file["purpose"]) == (10, "notes.txt", "assistants")
    assert http.get("/files").json()["data"] == [file] == [http.get(f"/files/{file['id']}").json()]
    assert http.get(f"/files/{file['id']}/content").content == b"helloworld"
    assert unused["id"] not in (first["id"], second["id"])


@pytest.mark.parametrize("part_size", [MEGABYTE, 3 * MEGABYTE, 700_001, 2 * MEGABYTE + 1])
def test_the_pieces_of_the_file_are_as_of_any_other_however_the_parts_were_cut(start_server, tmp_path, part_size):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    content = bytes(range(251)) * (5 * MEGABYTE // 251) + b"end"
    upload = begin(http, bytes=len(content))
    parts = [send(http, upload, content[at : at + part_size]).json() for at in range(0, len(content), part_size)]
    file = complete(http, upload, *parts, md5=md5_of(content).upper()).json()["file"]
    assert http.get(f"/files/{file['id']}/content").content == content
    with closing(sqlite3.connect(path)) as connection:
        pieces = connection.execute("select file_id, number, length(data) from file_pieces order by number").fetchall()
    assert [(name, number) for name, number, _ in pieces] == [(file["id"], number) for number in range(len(pieces))]
    assert {size for *_, size in pieces[:-1]} == {MEGABYTE}
    http.delete(f"/files/{file['id']}")
    assert left_in(path) == [1, 0, 0, 0]


@DIALECTS
def test_the_official_client_uploads_in_chunks(server, path, tmp_path):
    client = server.client(f"/ns/chunks{path.count('/')}{path}")
    content = bytes(range(256)) * 5000
    file = Path(tmp_path, "notes.txt")
    file.write_bytes(content)
    known = md5_of(content)
    made = client.uploads.upload_file_chunked(
        file=file, mime_type="text/plain", purpose="assistants", part_size=300_000, md5=known
    )
    assert (made.status, made.file.bytes, made.file.filename) == ("completed", len(content), "notes.txt")
    assert client.files.content(made.file.id).read() == content
    in_memory = client.uploads.upload_file_chunked(
        file=b"hello", filename="b.txt", bytes=5, mime_type="text/plain", purpose="assistants"
    )
    assert client.files.retrieve(in_memory.file.id) == in_memory.file


def test_the_async_client_uploads_in_chunks(server):
    async def upload():
        options = {"base_url": server.url + "/ns/chunks-async/v1", "api_key": "k", "max_retries": 0}
        async with openai.AsyncOpenAI(**options) as client:
            made = await client.uploads.upload_file_chunked(
                file=b"0123456789", filename="a.txt", bytes=10, mime_type="text/plain", purpose="user_data", part_size=4
            )
            return made, (await client.files.content(made.file.id)).read()

    made, content = asyncio.run(upload())
    assert (made.status, made.file.purpose, content) == ("completed", "user_data", b"0123456789")


def test_an_empty_upload_is_an_empty_file(http):
    upload = begin(http, bytes=0)
    file = complete(http, upload).json()["file"]
    assert file["bytes"] == 0
    assert http.get(f"/files/{file['id']}/content").content == b""


def test_the_file_lives_as_long_as_the_upload_said(start_server):
    server = start_server(Clock(NOW))
    http = server.http()
    upload = begin(http, expires_after={"anchor": "created_at", "seconds": 7200})
    server.clock.advance(600)
    file = complete(http, upload, send(http, upload).json()).json()["file"]
    assert (file["created_at"], file["expires_at"]) == (int(NOW) + 600, int(NOW) + 600 + 7200)
    server.clock.advance(7200)
    assert http.get(f"/files/{file['id']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"bytes": None}, "bytes", "invalid_type"),
        ({"bytes": "5"}, "bytes", "invalid_type"),
        ({"bytes": -1}, "bytes", "integer_below_min_value"),
        ({"bytes": MOST_BYTES + 1}, "bytes", "integer_above_max_value"),
        ({"filename": ""}, "filename", "string_below_min_length"),
        ({"filename": "a\0b"}, "filename", "invalid_value"),
        ({"mime_type": 1}, "mime_type", "invalid_type"),
        ({"purpose": ["batch"]}, "purpose", "invalid_type"),
        ({"expires_after": {"seconds": 3600}}, "expires_after.anchor", "missing_required_parameter"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds",
         "integer_below_min_value"),
        ({"expires_after": {"anchor": "created_at", "seconds": 10**7}}, "expires_after.seconds",
         "integer_above_max_value"),
    ],
)  # fmt: skip
def test_an_upload_that_cannot_be_is_refused(http, change, param, code):
    error = error_of(http.post("/uploads", json=body(**change)))
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize("name", ["bytes", "filename", "mime_type", "purpose"])
def test_what_an_upload_needs_is_named(http, name):
    given = body()
    del given[name]
    assert error_of(http.post("/uploads", json=given))["param"] == name


def test_a_purpose_is_the_dialects_own(server):
    refused = server.http("/openai/v1").post("/uploads", json=body(purpose="user_data"))
    assert error_of(refused) == {"code": "invalidPayload", "message": "Invalid value for purpose."}
    assert server.http("/v1").post("/uploads", json=body(purpose="user_data")).status_code == 200
    error = error_of(server.http("/v1").post("/uploads", json=body(purpose="none")))
    assert (error["param"], error["code"]) == ("purpose", "invalid_value")


@pytest.mark.parametrize(
    ("purpose", "mime_type", "warning"),
    [
        ("assistants", "text/plain; charset=utf-8", None),
        ("assistants", "application/csv", None),
        ("assistants", "pdf", "unknown_file_type: pdf"),
        ("vision", "IMAGE/PNG", None),
        ("vision", "application/pdf", "unknown_file_type: application/pdf"),
        ("batch", "anything/else", None),
    ],
)
def test_a_type_that_the_purpose_does_not_take_is_told_of_or_refused(server, start_server, purpose, mime_type, warning):
    given = body(purpose=purpose, mime_type=mime_type)
    answer = server.http("/v1").post("/uploads", json=given)
    assert (answer.status_code, answer.headers.get("x-emulator-warning")) == (200, warning)
    strict = start_server(validation="strict").http("/v1").post("/uploads", json=given)
    assert strict.status_code == (200 if warning is None else 400)
    if warning:
        assert (strict.json()["error"]["param"], strict.json()["error"]["code"]) == ("mime_type", "unsupported_file")


def test_more_than_a_file_can_hold_here_is_said_to_be_not_built(http):
    answer = http.post("/uploads", json=body(bytes=512 * MEGABYTE + 1))
    assert (error_of(answer, 501)["code"], error_of(answer, 501)["param"]) == ("not_implemented", "bytes")
    assert answer.headers["x-should-retry"] == "false"
    assert http.post("/uploads", json=body(bytes=512 * MEGABYTE)).status_code == 200


def test_unknown_fields_are_named_in_a_warning(http, start_server):
    given = body(colour="red", expires_after={"anchor": "created_at", "seconds": 3600, "days": 1})
    answer = http.post("/uploads", json=given)
    assert answer.headers["x-emulator-warning"] == ("unknown_parameter: colour; unknown_parameter: expires_after.days")
    part = http.post(
        f"/uploads/{answer.json()['id']}/parts", data={"colour": "red"}, files={"data": ("part", b"hello")}
    )
    assert part.headers["x-emulator-warning"] == "unknown_parameter: colour"
    done = complete(http, answer.json(), part.json(), colour="red")
    assert (done.status_code, done.headers["x-emulator-warning"]) == (200, "unknown_parameter: colour")
    strict = start_server(validation="strict").http()
    assert error_of(strict.post("/uploads", json=given))["code"] == "unknown_parameter"


def test_a_part_is_a_form_with_data(http):
    upload = begin(http)
    at = f"/uploads/{upload['id']}/parts"
    assert "multipart/form-data" in error_of(http.post(at, json={}))["message"]
    assert error_of(http.post(at, files={"file": ("a", b"x")}))["param"] == "data"
    assert error_of(http.post(at, files={"data": (None, b"x")}))["param"] == "data"
    assert http.post(at, files={"data": ("a", b"")}).status_code == 200


def test_a_part_holds_64_megabytes_and_no_more(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    upload = begin(http, bytes=PART_LIMIT)
    part = send(http, upload, bytes(PART_LIMIT))
    assert part.status_code == 200
    assert error_of(send(http, upload, bytes(PART_LIMIT + 1)), 413)["code"] == "request_too_large"
    assert left_in(path)[1:] == [1, 0, PART_LIMIT // MEGABYTE]
    assert complete(http, upload, part.json()).json()["file"]["bytes"] == PART_LIMIT
    assert left_in(path)[1:] == [0, 1, PART_LIMIT // MEGABYTE]


def test_what_cannot_be_completed_is_refused_and_can_be_mended(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    upload, other = begin(http), begin(http)
    part, foreign = send(http, upload).json(), send(http, other).json()
    more = send(http, upload, b"!").json()

    def refused(*parts, **change):
        error = error_of(complete(http, upload, *parts, **change))
        return error["param"], error["code"]

    assert refused({"id": "part_none"}) == ("part_ids[0]", "invalid_value")
    assert refused(part, foreign) == ("part_ids[1]", "invalid_value")
    assert refused(part, part) == ("part_ids[1]", "invalid_value")
    assert refused() == refused(part, more) == ("part_ids", "invalid_value")
    assert refused(part, md5="0" * 32) == ("md5", "invalid_value")
    assert refused(part, md5="none") == ("md5", "invalid_value")
    assert refused(part, part_ids=None) == ("part_ids", "invalid_type")
    assert refused(part, part_ids=[1]) == ("part_ids[0]", "invalid_type")
    message = error_of(complete(http, upload, part, more))["message"]
    assert message == "The parts hold 6 bytes, but the upload was created for 5 bytes."
    assert left_in(path) == [2, 3, 0, 3]
    assert complete(http, upload, part, md5=md5_of(b"hello")).status_code == 200
    assert left_in(path) == [2, 1, 1, 2]


@DIALECTS
def test_an_upload_that_has_ended_takes_nothing_more(start_server, path):
    server = start_server(Clock(NOW))
    http = server.http(path)
    completed, cancelled, expired = begin(http), begin(http), begin(http)
    parts = [send(http, upload).json() for upload in (completed, cancelled, expired)]
    assert complete(http, completed, parts[0]).json()["status"] == "completed"
    assert cancel(http, cancelled).json() == {**cancelled, "status": "cancelled"}
    server.clock.advance(3600)
    for upload, part, status in zip(
        (completed, cancelled, expired), parts, ("completed", "cancelled", "expired"), strict=True
    ):
        for answer in (send(http, upload), complete(http, upload, part), cancel(http, upload)):
            assert f"Upload '{upload['id']}' is {status}" in error_of(answer)["message"]


@DIALECTS
def test_an_unknown_upload_is_not_found(server, path):
    http = server.http(path)
    for answer in (send(http, {"id": "upload_none"}), complete(http, {"id": "upload_none"}),
                   cancel(http, {"id": "upload_none"})):  # fmt: skip
        assert error_of(answer, 404)["message"] == "No such Upload object: upload_none"


def test_an_upload_belongs_to_its_namespace(server):
    upload = begin(server.http("/ns/uploads-a/v1"))
    assert send(server.http("/ns/uploads-b/v1"), upload).status_code == 404


def test_nothing_is_left_of_a_cancelled_upload_but_its_row(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    upload = begin(http, bytes=3 * MEGABYTE)
    send(http, upload, bytes(3 * MEGABYTE))
    assert left_in(path) == [1, 1, 0, 3]
    cancel(http, upload)
    assert left_in(path) == [1, 0, 0, 0]


def test_a_reset_takes_uploads_with_their_parts(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    server = start_server(db=str(path))
    http = server.http()
    upload = begin(http)
    send(http, upload)
    server.http("").post("/_emulator/reset", json={"scope": "state"})
    assert left_in(path) == [0, 0, 0, 0]
    assert send(http, upload).status_code == 404


def test_an_archive_takes_an_upload_along(server):
    one, other = server.http("/ns/uploads-from"), server.http("/ns/uploads-to")
    upload = begin(server.http("/ns/uploads-from/v1"), bytes=6)
    part = send(server.http("/ns/uploads-from/v1"), upload).json()
    counts = other.post("/_emulator/import", content=one.get("/_emulator/export").content).json()["imported"]
    assert (counts["uploads"], counts["upload_parts"]) == (1, 1)
    http = server.http("/ns/uploads-to/v1")
    file = complete(http, upload, part, send(http, upload, b"!").json()).json()["file"]
    assert http.get(f"/files/{file['id']}/content").content == b"hello!"
