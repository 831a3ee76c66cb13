"""Files over the wire: what goes up comes down, in both dialects, and nothing half sent is kept."""

import re
import socket
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from emulator.core.clock import Clock
from tests.pdfs import pdf

NOW = 1_752_174_469.5
KEYS = ["id", "bytes", "created_at", "filename", "object", "purpose", "status", "expires_at", "status_details"]
MEGABYTE = 1024 * 1024
LETTERS = "[0-9A-Za-z]"


def upload(http, content=b"hello", filename="a.txt", **fields):
    fields = {"purpose": "assistants", **fields}
    return http.post("/files", data=fields, files={"file": (filename, content)})


def form(*parts, boundary="b0undary"):
    """A form whose parts stand in the order given: (name, value) or (name, value, filename)."""
    lines = []
    for name, value, *filename in parts:
        told = f'; filename="{filename[0]}"' if filename else ""
        lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n{value}\r\n')
    return ("".join(lines) + f"--{boundary}--\r\n").encode()


def post_form(http, *parts):
    headers = {"content-type": "multipart/form-data; boundary=b0undary"}
    return http.post("/files", content=form(*parts), headers=headers)


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        left = connection.execute("select count(*) from files").fetchone()[0]
        sizes = [size for (size,) in connection.execute("select length(data) from file_pieces order by number")]
    return left, sizes


@pytest.mark.parametrize(
    ("path", "purpose", "pattern"),
    [
        ("/openai/v1", "assistants", f"assistant-{LETTERS}{{22}}"),
        ("/openai/v1", "batch", "file-[0-9a-f]{32}"),
        ("/openai", "fine-tune", "file-[0-9a-f]{32}"),
        ("/v1", "assistants", f"file-{LETTERS}{{22}}"),
        ("/v1", "user_data", f"file-{LETTERS}{{22}}"),
    ],
)
def test_the_official_client_uploads_reads_lists_and_deletes(server, path, purpose, pattern):
    client = server.client(f"/ns/files-{path.count('/')}-{purpose}{path}")
    content = bytes(range(256)) * 10
    made = client.files.create(file=("nucleus_sampling.pdf", content), purpose=purpose)
    assert re.fullmatch(pattern, made.id)
    assert (made.bytes, made.filename, made.purpose) == (2560, "nucleus_sampling.pdf", purpose)
    assert client.files.retrieve(made.id) == made
    assert list(client.files.list()) == [made]
    assert client.files.content(made.id).read() == content
    gone = client.files.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "file", True)
    for call in (client.files.retrieve, client.files.delete, client.files.content):
        with pytest.raises(openai.NotFoundError):
            call(made.id)
    assert list(client.files.list()) == []


def test_a_file_object_has_the_nine_keys_in_the_order_of_the_page(http):
    made = upload(http, filename="nucleus_sampling.pdf")
    assert made.status_code == 200
    assert list(made.json()) == KEYS
    assert made.json() | {"id": "", "created_at": 0} == {
        "id": "",
        "bytes": 5,
        "created_at": 0,
        "filename": "nucleus_sampling.pdf",
        "object": "file",
        "purpose": "assistants",
        "status": "processed",
        "expires_at": None,
        "status_details": None,
    }
    assert isinstance(made.json()["created_at"], int)
    assert http.get(f"/files/{made.json()['id']}").json() == made.json()


@pytest.mark.parametrize("purpose", ["user_data", "vision", "nonsense"])
def test_the_azure_dialect_refuses_purposes_it_does_not_know(server, purpose):
    refused = upload(server.http("/openai"), purpose=purpose)
    assert refused.status_code == 400
    assert refused.json() == {"error": {"code": "invalidPayload", "message": "Invalid value for purpose."}}


def test_the_openai_dialect_names_the_purposes_it_knows(server):
    error = upload(server.http("/v1"), purpose="nonsense").json()["error"]
    assert (error["param"], error["code"]) == ("purpose", "invalid_value")
    assert "'user_data'" in error["message"]


@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
@pytest.mark.parametrize("purpose", ["assistants", "batch"])
def test_the_purpose_may_come_after_the_file(server, path, purpose):
    http = server.http(path)
    made = post_form(http, ("file", "hello", "a.txt"), ("purpose", purpose)).json()
    other_way = post_form(http, ("purpose", purpose), ("file", "hello", "a.txt")).json()
    assert made["purpose"] == purpose
    assert len(made["id"]) == len(other_way["id"])
    assert made["id"].split("-")[0] == other_way["id"].split("-")[0]
    assert http.get(f"/files/{made['id']}/content").content == b"hello"


@pytest.mark.parametrize(
    ("parts", "param", "code"),
    [
        ([("purpose", "assistants")], "file", "missing_required_parameter"),
        ([("file", "x", "a.txt")], "purpose", "missing_required_parameter"),
        ([("file", "x", "a.txt"), ("purpose", "")], "purpose", "missing_required_parameter"),
        ([("file", "no filename"), ("purpose", "assistants")], "file", "invalid_value"),
    ],
)
def test_a_form_without_its_fields_is_refused(http, parts, param, code):
    refused = post_form(http, *parts)
    assert refused.status_code == 400
    assert (refused.json()["error"]["param"], refused.json()["error"]["code"]) == (param, code)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"anchor": "created_at"}, "seconds", "missing_required_parameter"),
        ({"seconds": "3600"}, "anchor", "missing_required_parameter"),
        ({"anchor": "last_active_at", "seconds": "3600"}, "anchor", "invalid_value"),
        ({"anchor": "created_at", "seconds": "soon"}, "seconds", "invalid_type"),
        ({"anchor": "created_at", "seconds": "3599"}, "seconds", "integer_below_min_value"),
        ({"anchor": "created_at", "seconds": "2592001"}, "seconds", "integer_above_max_value"),
    ],
)
def test_an_expiry_that_cannot_be_is_refused(http, fields, param, code):
    refused = upload(http, **{f"expires_after[{name}]": value for name, value in fields.items()})
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["param"], error["code"]) == (f"expires_after[{param}]", code)


def test_a_file_expires_when_it_was_told_to(start_server):
    clock = Clock(NOW)
    client = start_server(clock).client()
    made = client.files.create(
        file=("a.txt", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (made.created_at, made.expires_at) == (int(NOW), int(NOW) + 3600)
    clock.advance(3599)
    assert client.files.retrieve(made.id) == made
    clock.advance(1)
    assert list(client.files.list()) == []
    with pytest.raises(openai.NotFoundError):
        client.files.content(made.id)


def test_unknown_fields_are_named_in_a_warning(server, http, start_server):
    made = upload(http, colour="red")
    assert made.status_code == 200
    assert "colour" in made.headers["x-emulator-warning"]
    strict = start_server(validation="strict").http()
    assert upload(strict, colour="red").json()["error"]["code"] == "unknown_parameter"


@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
def test_an_unknown_file_is_not_found_in_the_words_of_its_dialect(server, path):
    http = server.http(path)
    for missing in (
        http.get("/files/file-none"),
        http.delete("/files/file-none"),
        http.get("/files/file-none/content"),
    ):
        error = missing.json()["error"]
        assert missing.status_code == 404
        assert "file-none" in error["message"]
        if path == "/v1":
            assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "id", None)
        else:
            assert error["code"] == "notFound"


def test_lists_page_filter_and_order(server):
    http = server.http("/ns/file-lists/openai/v1")
    purposes = ["assistants", "batch", "assistants", "batch", "assistants"]
    made = [upload(http, filename=f"{n}.txt", purpose=purpose).json() for n, purpose in enumerate(purposes)]
    names = [f"{n}.txt" for n in range(5)]

    def listed(**query):
        page = http.get("/files", params=query).json()
        assert page["object"] == "list"
        assert page["first_id"] == (page["data"][0]["id"] if page["data"] else None)
        assert page["last_id"] == (page["data"][-1]["id"] if page["data"] else None)
        return [found["filename"] for found in page["data"]], page["has_more"]

    assert listed() == (names[::-1], False)
    assert listed(order="asc") == (names, False)
    assert listed(limit=2) == (["4.txt", "3.txt"], True)
    assert listed(limit=2, after=made[2]["id"]) == (["1.txt", "0.txt"], False)
    assert listed(order="asc", limit=2, after=made[0]["id"]) == (["1.txt", "2.txt"], True)
    assert listed(purpose="batch") == (["3.txt", "1.txt"], False)
    assert listed(purpose="batch", after=made[2]["id"]) == (["1.txt"], False)
    assert listed(purpose="none") == ([], False)
    paged = server.client("/ns/file-lists/openai/v1").files.list(limit=2)
    assert [found.filename for found in paged] == names[::-1]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 10_001}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "file-none"}, "after"),
    ],
)
def test_a_list_query_that_cannot_be_is_refused(http, query, param):
    refused = http.get("/files", params=query)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param


@pytest.mark.parametrize("filename", ["報告 2025 ☂.pdf", "naïve.txt", "100% sure;=.txt", "it's.md", "a" * 255])
def test_any_filename_comes_back(http, filename):
    made = post_form(http, ("purpose", "assistants"), ("file", "x", filename)).json()
    assert made["filename"] == filename
    content = http.get(f"/files/{made['id']}/content")
    assert content.headers["content-disposition"].startswith("attachment; filename=")
    assert content.headers["content-length"] == "1"
    assert content.headers["content-type"] == "application/octet-stream"


def test_a_filename_cannot_name_a_folder_or_a_header(http):
    made = post_form(http, ("purpose", "assistants"), ("file", "x", "../../etc/a\nSet-Cookie: b=1.txt")).json()
    assert made["filename"] == "a_Set-Cookie: b=1.txt"
    assert "set-cookie" not in http.get(f"/files/{made['id']}/content").headers


def test_an_empty_file_is_a_file(http):
    made = upload(http, b"").json()
    assert made["bytes"] == 0
    assert http.get(f"/files/{made['id']}/content").content == b""


def test_a_large_file_lies_in_pieces_and_comes_back_whole(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    content = bytes(range(251)) * (5 * MEGABYTE // 251) + b"end"
    made = upload(http, content).json()
    count, sizes = rows_of(path)
    assert count == 1
    assert sum(sizes) == len(content) == made["bytes"]
    assert all(size == MEGABYTE for size in sizes[:-1])
    assert sizes[-1] <= MEGABYTE
    assert http.get(f"/files/{made['id']}/content").content == content
    http.delete(f"/files/{made['id']}")
    assert rows_of(path) == (0, [])


@pytest.mark.parametrize(
    "tail",
    [
        b"\r\n--b0undary--\r\n",  # no purpose
        b'\r\n--b0undary\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--b0undary--\r\n',
        b'\r\n--b0undary\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\n',
        b"",
    ],
)
def test_nothing_is_kept_of_an_upload_that_is_refused(start_server, tmp_path, tail):
    path = tmp_path / "emulator.db"
    http = start_server(db=str(path)).http()
    head = b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b0undary"}
    refused = http.post("/files", content=head + b"x" * (3 * MEGABYTE) + tail, headers=headers)
    assert refused.status_code == 400
    assert rows_of(path) == (0, [])


def test_nothing_is_kept_of_an_upload_whose_client_left(start_server, tmp_path):
    path = tmp_path / "emulator.db"
    server = start_server(db=str(path))
    at = urlsplit(server.url)
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {at.netloc}\r\napi-key: k\r\nContent-Length: {9 * MEGABYTE}\r\n"
        "Content-Type: multipart/form-data; boundary=b0undary\r\n\r\n"
        '--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"x" * (3 * MEGABYTE))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # until the server has closed its side too
            pass
    server.http().get("/files")
    for _ in range(500):  # the upload's own end is not told to anyone
        if rows_of(path) == (0, []):
            break
        server.http().get("/files")
    assert rows_of(path) == (0, [])


@pytest.mark.parametrize("length", [512 * MEGABYTE + 2 * MEGABYTE, 10**15])
def test_a_body_that_is_announced_too_large_is_refused_unread(server, length):
    at = urlsplit(server.url)
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {at.netloc}\r\napi-key: k\r\nContent-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=b0undary\r\n\r\n"
    )
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(65536).partition(b"\r\n")[0]


def test_another_content_type_is_refused(http):
    refused = http.post("/files", json={"purpose": "assistants"})
    assert refused.status_code == 400
    assert "multipart/form-data" in refused.json()["error"]["message"]


def test_a_download_whose_file_is_deleted_meanwhile_breaks_off(start_server):
    server = start_server()
    http = server.http()
    made = upload(http, b"x" * (24 * MEGABYTE)).json()
    with http.stream("GET", f"/files/{made['id']}/content") as download:
        pieces = download.iter_bytes()
        next(pieces)
        server.http().delete(f"/files/{made['id']}")
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    assert upload(server.http()).status_code == 200


def test_files_of_another_namespace_are_not_seen(server):
    made = upload(server.http("/ns/one/v1")).json()
    other = server.http("/ns/two/v1")
    assert other.get(f"/files/{made['id']}").status_code == 404
    assert other.get("/files").json()["data"] == []


def test_a_file_that_was_uploaded_can_be_named_in_an_input(client):
    made = client.files.create(file=("nucleus_sampling.pdf", pdf("Hello")), purpose="assistants")
    content = [
        {"type": "input_file", "file_id": made.id},
        {"type": "input_text", "text": "Summarize this PDF"},
    ]
    answered = client.responses.create(model="gpt-4o-mini", input=[{"role": "user", "content": content}])
    assert answered.status == "completed"
    client.files.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="gpt-4o-mini", input=[{"role": "user", "content": content}])
