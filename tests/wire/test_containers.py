"""Containers over the wire: every route, in both dialects, and a life that goes by the clock."""

import re
import socket
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from emulator.core.clock import Clock
from emulator.core.file_types import FILE_TYPES

NOW = 1_752_174_469.5
MEGABYTE = 1024 * 1024
KEYS = ["id", "object", "created_at", "status", "expires_after", "last_active_at", "name", "memory_limit"]
FILE_KEYS = ["id", "object", "created_at", "bytes", "container_id", "path", "source"]
PATHS = pytest.mark.parametrize("path", ["/openai/v1", "/openai", "/v1"])
DIALECTS = pytest.mark.parametrize("path", ["/openai/v1", "/v1"])


def make(http, name="box", **more):
    answer = http.post("/containers", json={"name": name, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def upload(http, content=b"hello", filename="a.txt"):
    """An uploaded file of the files API."""
    return http.post("/files", data={"purpose": "assistants"}, files={"file": (filename, content)}).json()["id"]


def put(http, container, content=b"hello", filename="a.txt"):
    """A file sent into a container."""
    return http.post(f"/containers/{container['id']}/files", files={"file": (filename, content)})


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


@PATHS
def test_a_container_has_the_eight_keys_and_can_be_deleted(server, path):
    http = server.http(f"/ns/shape-{path.count('/')}-{path[1]}{path}")
    made = make(http)
    assert list(made) == KEYS
    assert re.fullmatch("cntr_[0-9a-f]{48}", made["id"])
    assert isinstance(made["created_at"], int)
    assert isinstance(made["last_active_at"], int)
    assert made | {"id": "", "created_at": 0, "last_active_at": 0} == {
        "id": "",
        "object": "container",
        "created_at": 0,
        "status": "running",
        "expires_after": {"anchor": "last_active_at", "minutes": 20},
        "last_active_at": 0,
        "name": "box",
        "memory_limit": "1g",
    }
    assert http.get(f"/containers/{made['id']}").json() == made
    assert http.get("/containers").json()["data"] == [made]
    gone = http.delete(f"/containers/{made['id']}")
    assert gone.json() == {"id": made["id"], "object": "container.deleted", "deleted": True}
    assert http.get("/containers").json()["data"] == []


def test_what_is_asked_for_is_shown(http):
    made = make(http, memory_limit="4g", expires_after={"anchor": "last_active_at", "minutes": 5})
    assert made["memory_limit"] == "4g"
    assert made["expires_after"] == {"anchor": "last_active_at", "minutes": 5}
    plain = make(http, memory_limit=None, expires_after=None, file_ids=None)
    assert (plain["memory_limit"], plain["expires_after"]["minutes"]) == ("1g", 20)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "name", "missing_required_parameter"),
        ({"name": 1}, "name", "invalid_type"),
        ({"name": ""}, "name", "string_below_min_length"),
        ({"name": "x" * 257}, "name", "string_above_max_length"),
        ({"name": "a\0b"}, "name", "invalid_value"),
        ({"name": "x", "memory_limit": "2g"}, "memory_limit", "invalid_value"),
        ({"name": "x", "file_ids": "file-1"}, "file_ids", "invalid_type"),
        ({"name": "x", "file_ids": [1]}, "file_ids[0]", "invalid_type"),
        ({"name": "x", "file_ids": ["a\0b"]}, "file_ids[0]", "invalid_value"),
        ({"name": "x", "file_ids": ["file-1"] * 51}, "file_ids", "array_above_max_length"),
        ({"name": "x", "expires_after": {}}, "expires_after.anchor", "missing_required_parameter"),
        ({"name": "x", "expires_after": {"anchor": "last_active_at"}}, "expires_after.minutes",
         "missing_required_parameter"),
        ({"name": "x", "expires_after": {"anchor": "created_at", "minutes": 5}}, "expires_after.anchor",
         "invalid_value"),
        ({"name": "x", "expires_after": {"anchor": "last_active_at", "minutes": 0}}, "expires_after.minutes",
         "integer_below_min_value"),
        ({"name": "x", "expires_after": {"anchor": "last_active_at", "minutes": 21}}, "expires_after.minutes",
         "integer_above_max_value"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_is_refused(http, body, param, code):
    error = error_of(http.post("/containers", json=body), 400)
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b'{"name": "\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(http, content):
    answer = http.post("/containers", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_unknown_fields_are_named_in_a_warning(http, start_server):
    body = {"name": "x", "colour": "red", "network_policy": {"type": "disabled"}}
    answer = http.post("/containers", json=body)
    assert answer.headers["x-emulator-warning"] == "unknown_parameter: colour"
    strict = start_server(validation="strict").http()
    assert error_of(strict.post("/containers", json=body), 400)["code"] == "unknown_parameter"
    assert "x-emulator-warning" not in strict.post("/containers", json={"name": "x", "skills": []}).headers


@DIALECTS
def test_an_unknown_container_is_not_found_on_any_route(server, path):
    http = server.http(path)
    for method, rest in [
        ("GET", ""), ("DELETE", ""), ("POST", "/files"), ("GET", "/files"), ("GET", "/files/cfile_1"),
        ("DELETE", "/files/cfile_1"), ("GET", "/files/cfile_1/content"),
    ]:  # fmt: skip
        error = error_of(http.request(method, f"/containers/cntr_none{rest}"), 404)
        assert error == {
            "message": "Container with id 'cntr_none' not found.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }


@DIALECTS
def test_an_unknown_file_is_not_found_on_any_route(server, path):
    http = server.http(path)
    at = f"/containers/{make(http)['id']}/files/cfile_none"
    for method, where in [("GET", at), ("DELETE", at), ("GET", f"{at}/content")]:
        assert "cfile_none" in error_of(http.request(method, where), 404)["message"]


class TestFiles:
    @PATHS
    def test_a_file_that_is_sent_is_listed_read_and_deleted(self, server, path):
        http = server.http(path)
        container = make(http)
        content = bytes(range(256)) * 9
        added = put(http, container, content, "報告 2025.csv")
        assert added.status_code == 200
        file = added.json()
        assert list(file) == FILE_KEYS
        assert re.fullmatch("cfile_[0-9a-f]{32}", file["id"])
        assert re.fullmatch("/mnt/data/[0-9a-f]{32}-報告 2025.csv", file["path"])
        assert (file["object"], file["bytes"], file["source"]) == ("container.file", 2304, "user")
        assert file["container_id"] == container["id"]
        at = f"/containers/{container['id']}/files"
        assert http.get(f"{at}/{file['id']}").json() == file
        assert http.get(at).json() == {
            "object": "list", "data": [file], "first_id": file["id"], "last_id": file["id"], "has_more": False,
        }  # fmt: skip
        sent = http.get(f"{at}/{file['id']}/content")
        assert sent.content == content
        assert sent.headers["content-type"] == "application/octet-stream"
        assert sent.headers["content-disposition"].startswith("attachment; filename=")
        gone = http.delete(f"{at}/{file['id']}")
        assert gone.json() == {"id": file["id"], "object": "container.file.deleted", "deleted": True}
        assert http.get(f"{at}/{file['id']}").status_code == 404
        assert http.get(at).json() == {
            "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False,
        }  # fmt: skip

    def test_a_large_file_comes_back_whole(self, http):
        container = make(http)
        content = bytes(range(251)) * (3 * MEGABYTE // 251) + b"end"
        file = put(http, container, content, "a.zip").json()
        assert file["bytes"] == len(content)
        assert http.get(f"/containers/{container['id']}/files/{file['id']}/content").content == content

    def test_an_empty_file_is_a_file(self, http):
        container = make(http)
        file = put(http, container, b"").json()
        assert http.get(f"/containers/{container['id']}/files/{file['id']}/content").content == b""

    @pytest.mark.parametrize("how", ["json", "form"])
    @DIALECTS
    def test_an_uploaded_file_is_copied_and_outlives_the_original(self, server, path, how):
        http = server.http(path)
        content = b"x" * (2 * MEGABYTE + 7)
        container, file_id = make(http), upload(http, content, "data.csv")
        more = {"json": {"file_id": file_id}} if how == "json" else {"files": {"file_id": (None, file_id)}}
        copy = http.post(f"/containers/{container['id']}/files", **more)
        assert copy.status_code == 200, copy.text
        assert (copy.json()["bytes"], copy.json()["source"]) == (len(content), "user")
        assert copy.json()["path"].endswith("-data.csv")
        http.delete(f"/files/{file_id}")
        at = f"/containers/{container['id']}/files/{copy.json()['id']}/content"
        assert http.get(at).content == content

    def test_a_container_is_made_with_copies_in_the_order_asked(self, http):
        names = ["b.txt", "a.csv", "c.json"]
        file_ids = [upload(http, name.encode(), name) for name in names]
        container = make(http, file_ids=[*file_ids, file_ids[0]])
        at = f"/containers/{container['id']}/files"
        listed = http.get(at, params={"order": "asc"}).json()["data"]
        assert [file["path"].partition("-")[2] for file in listed] == names
        assert len({file["id"] for file in listed}) == 3
        assert [http.get(f"{at}/{file['id']}/content").text for file in listed] == names

    def test_nothing_is_made_where_one_file_is_unknown(self, server):
        http = server.http("/ns/nothing-made/v1")
        answer = http.post("/containers", json={"name": "x", "file_ids": [upload(http), "file-none"]})
        error = error_of(answer, 404)
        assert error["message"] == "No such File object: file-none"
        assert error["param"] == "file_ids[1]"
        assert http.get("/containers").json()["data"] == []

    @pytest.mark.parametrize(
        ("more", "param", "code"),
        [
            ({"json": {}}, "file_id", "missing_required_parameter"),
            ({"json": {"file_id": 1}}, "file_id", "invalid_type"),
            ({"files": {"other": (None, "x")}}, "file", "missing_required_parameter"),
            ({"files": {"file": (None, "x")}}, "file", "invalid_value"),
            ({"files": {"file": ("a.txt", b"x"), "file_id": (None, "file-1")}}, "file",
             "mutually_exclusive_parameters"),
        ],
    )  # fmt: skip
    def test_a_file_that_cannot_be_is_refused(self, http, more, param, code):
        container = make(http)
        error = error_of(http.post(f"/containers/{container['id']}/files", **more), 400)
        assert (error["param"], error["code"]) == (param, code)
        assert http.get(f"/containers/{container['id']}/files").json()["data"] == []

    @pytest.mark.parametrize("more", [{"json": {"file_id": "file-none"}}, {"files": {"file_id": (None, "file-none")}}])
    def test_a_copy_of_an_unknown_file_is_refused(self, http, more):
        answer = http.post(f"/containers/{make(http)['id']}/files", **more)
        assert answer.status_code == 404
        assert "file-none" in answer.text

    @pytest.mark.parametrize("content_type", ["text/plain", "multipart/mixed", ""])
    def test_another_content_type_is_refused(self, http, content_type):
        at = f"/containers/{make(http)['id']}/files"
        answer = http.post(at, content=b"hello", headers={"content-type": content_type})
        assert answer.status_code == 400

    def test_a_file_that_is_announced_too_large_is_refused_unread(self, server):
        container = make(server.http("/v1"))
        at = urlsplit(server.url)
        head = (
            f"POST /v1/containers/{container['id']}/files HTTP/1.1\r\nHost: {at.netloc}\r\napi-key: k\r\n"
            f"Content-Length: {514 * MEGABYTE}\r\nContent-Type: multipart/form-data; boundary=b0undary\r\n\r\n"
        )
        with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
            connection.sendall(head.encode())
            assert b" 413 " in connection.recv(65536).partition(b"\r\n")[0]

    def test_nothing_is_kept_of_a_file_that_is_too_large(self, start_server, tmp_path, monkeypatch):
        monkeypatch.setattr("emulator.api.transfer.FILE_LIMIT", 2 * MEGABYTE)
        path = tmp_path / "emulator.db"
        http = start_server(db=str(path)).http()
        container = make(http)
        answer = put(http, container, b"x" * (2 * MEGABYTE + 1))
        assert error_of(answer, 413)["code"] == "request_too_large"
        assert put(http, container, b"x" * (2 * MEGABYTE)).status_code == 200
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("select count(*) from files").fetchone() == (0,)
            assert connection.execute("select count(*) from file_pieces").fetchone() == (2,)

    def test_a_filename_cannot_name_a_folder(self, http):
        file = put(http, make(http), filename="../../etc/pass\0wd.txt").json()
        assert re.fullmatch("/mnt/data/[0-9a-f]{32}-[^/]+", file["path"])
        assert "\0" not in file["path"]

    @pytest.mark.parametrize("extension", FILE_TYPES)
    def test_every_type_of_the_page_is_taken_without_a_warning(self, http, extension):
        answer = put(http, make(http), filename=f"A File{extension.upper()}")
        assert answer.status_code == 200
        assert "x-emulator-warning" not in answer.headers

    @pytest.mark.parametrize(("filename", "told"), [("a.exe", ".exe"), ("Makefile", "none"), (".txt", "none")])
    def test_another_type_is_taken_with_a_warning_and_refused_where_validation_is_strict(
        self, http, start_server, filename, told
    ):
        answer = put(http, make(http), filename=filename)
        assert answer.status_code == 200
        assert answer.headers["x-emulator-warning"] == f"unknown_file_type: {told}"
        copied = http.post("/containers", json={"name": "x", "file_ids": [upload(http, filename=filename)]})
        assert copied.headers["x-emulator-warning"] == f"unknown_file_type: {told}"
        strict = start_server(validation="strict").http()
        container, file_id = make(strict), upload(strict, filename=filename)
        at = f"/containers/{container['id']}/files"
        for refused, param in [
            (put(strict, container, filename=filename), "file"),
            (strict.post(at, json={"file_id": file_id}), "file_id"),
            (strict.post("/containers", json={"name": "x", "file_ids": [file_id]}), "file_ids[0]"),
        ]:
            error = error_of(refused, 400)
            assert (error["param"], error["code"]) == (param, "unsupported_file")
            assert "'.csv'" in error["message"]
        assert strict.get(at).json()["data"] == []

    def test_a_container_takes_only_so_many_files(self, http, monkeypatch):
        monkeypatch.setattr("emulator.run.containers.MOST_FILES", 2)
        container = make(http)
        assert [put(http, container).status_code for _ in range(2)] == [200, 200]
        for answer in (
            put(http, container),
            http.post(f"/containers/{container['id']}/files", json={"file_id": upload(http)}),
        ):
            assert "2 files" in error_of(answer, 400)["message"]
        assert len(http.get(f"/containers/{container['id']}/files").json()["data"]) == 2


class TestLists:
    @DIALECTS
    def test_lists_page_filter_and_order(self, server, path):
        http = server.http(f"/ns/lists-{path.count('/')}{path}")
        names = ["a", "b", "a", "b", "a"]
        ids = [make(http, name)["id"] for name in names]

        def listed(**query):
            page = http.get("/containers", params=query).json()
            assert page["object"] == "list"
            assert page["first_id"] == (page["data"][0]["id"] if page["data"] else None)
            assert page["last_id"] == (page["data"][-1]["id"] if page["data"] else None)
            return [ids.index(found["id"]) for found in page["data"]], page["has_more"]

        assert listed() == ([4, 3, 2, 1, 0], False)
        assert listed(order="asc") == ([0, 1, 2, 3, 4], False)
        assert listed(limit=5) == ([4, 3, 2, 1, 0], False)
        assert listed(limit=4) == ([4, 3, 2, 1], True)
        assert listed(limit=2, after=ids[2]) == ([1, 0], False)
        assert listed(order="asc", limit=2, after=ids[0]) == ([1, 2], True)
        assert listed(after=ids[0]) == ([], False)
        assert listed(name="b") == ([3, 1], False)
        assert listed(name="b", limit=1) == ([3], True)
        assert listed(name="a", after=ids[3]) == ([2, 0], False)
        assert listed(name="none") == ([], False)

    def test_a_list_has_twenty_unless_asked_otherwise(self, server):
        http = server.http("/ns/twenty/v1")
        for _ in range(21):
            make(http)
        page = http.get("/containers").json()
        assert (len(page["data"]), page["has_more"]) == (20, True)

    def test_files_are_listed_in_pages(self, http):
        container = make(http)
        ids = [put(http, container, filename=f"{n}.txt").json()["id"] for n in range(3)]
        at = f"/containers/{container['id']}/files"
        page = http.get(at, params={"limit": 2}).json()
        assert ([file["id"] for file in page["data"]], page["has_more"]) == (ids[:0:-1], True)
        page = http.get(at, params={"limit": 2, "after": page["last_id"]}).json()
        assert ([file["id"] for file in page["data"]], page["has_more"]) == (ids[:1], False)
        assert [file["id"] for file in http.get(at, params={"order": "asc"}).json()["data"]] == ids

    @pytest.mark.parametrize(
        ("query", "param"),
        [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"order": "up"}, "order"), ({"after": "x_1"}, "after")],
    )
    def test_a_list_query_that_cannot_be_is_refused(self, http, query, param):
        for at in ("/containers", f"/containers/{make(http)['id']}/files"):
            assert error_of(http.get(at, params=query), 400)["param"] == param

    def test_a_name_with_a_nul_is_refused(self, http):
        assert error_of(http.get("/containers?name=a%00b"), 400)["param"] == "name"


class TestLife:
    @pytest.fixture
    def clock(self):
        return Clock(NOW)

    @pytest.fixture
    def http(self, start_server, clock):
        return start_server(clock).http()

    def status(self, http, container):
        return http.get(f"/containers/{container['id']}").json()["status"]

    @pytest.mark.parametrize(("more", "minutes"), [
        ({}, 20), ({"expires_after": {"anchor": "last_active_at", "minutes": 5}}, 5),
    ])  # fmt: skip
    def test_an_idle_container_expires_and_can_still_be_seen_and_deleted(self, http, clock, more, minutes):
        container = make(http, **more)
        file = put(http, container).json()
        clock.advance(60 * minutes - 1)
        assert self.status(http, container) == "running"  # which is no use of it
        clock.advance(1)
        seen = http.get(f"/containers/{container['id']}").json()
        assert seen == {**container, "status": "expired"}
        assert http.get("/containers").json()["data"] == [seen]
        at = f"/containers/{container['id']}/files"
        expired = {
            "message": "Container is expired.", "type": "invalid_request_error", "param": None, "code": None,
        }  # fmt: skip
        for answer in (
            http.get(at), put(http, container), http.post(at, json={"file_id": upload(http)}),
            http.get(f"{at}/{file['id']}"), http.get(f"{at}/{file['id']}/content"), http.delete(f"{at}/{file['id']}"),
        ):  # fmt: skip
            assert error_of(answer, 400) == expired
        assert http.delete(f"/containers/{container['id']}").status_code == 200
        assert http.get(f"/containers/{container['id']}").status_code == 404

    def test_every_use_keeps_it_running_and_asking_for_it_does_not(self, http, clock):
        container = make(http)
        at = f"/containers/{container['id']}/files"
        file = put(http, container).json()
        uses = [
            lambda: put(http, container),
            lambda: http.get(at),
            lambda: http.get(f"{at}/{file['id']}"),
            lambda: http.get(f"{at}/{file['id']}/content"),
        ]
        for number, use in enumerate(uses, 1):
            clock.advance(600)
            assert http.get(f"/containers/{container['id']}").json()["last_active_at"] == int(NOW) + 600 * (number - 1)
            assert use().status_code == 200
            assert http.get(f"/containers/{container['id']}").json()["last_active_at"] == int(NOW) + 600 * number
        clock.advance(20 * 60 - 1)
        assert self.status(http, container) == "running"
        clock.advance(1)
        assert self.status(http, container) == "expired"

    def test_it_lives_an_hour_at_most(self, http, clock):
        container = make(http)
        at = f"/containers/{container['id']}/files"
        for _ in range(5):
            clock.advance(11 * 60)
            assert http.get(at).status_code == 200
        clock.advance(5 * 60 - 1)
        assert self.status(http, container) == "running"
        assert http.get(at).status_code == 200
        clock.advance(1)
        assert self.status(http, container) == "expired"
        assert http.get(at).status_code == 400

    def test_files_sent_at_one_moment_keep_their_order(self, http):
        container = make(http)
        ids = [put(http, container, filename=f"{n}.txt").json()["id"] for n in range(5)]
        listed = http.get(f"/containers/{container['id']}/files", params={"order": "asc"}).json()["data"]
        assert [file["id"] for file in listed] == ids
        assert {file["created_at"] for file in listed} == {int(NOW)}

    def test_a_namespace_with_a_seed_makes_the_same_ids_again(self, start_server):
        def answers():
            server = start_server(Clock(NOW))
            http = server.http()
            server.http("").post("/_emulator/seed", json={"seed": "one"})
            container = make(http, file_ids=[upload(http)])
            put(http, container)
            return http.get(f"/containers/{container['id']}/files").content

        assert answers() == answers()


class TestNamespace:
    def test_containers_of_another_namespace_are_not_seen(self, server):
        one, other = server.http("/ns/c-one/v1"), server.http("/ns/c-two/v1")
        container = make(one)
        assert put(one, container).status_code == 200
        assert other.get(f"/containers/{container['id']}").status_code == 404
        assert other.get(f"/containers/{container['id']}/files").status_code == 404
        assert other.get("/containers").json()["data"] == []

    @pytest.mark.parametrize("scope", ["state", "all"])
    def test_a_reset_empties_them(self, start_server, scope):
        server = start_server()
        http = server.http()
        put(http, make(http))
        server.http("").post("/_emulator/reset", json={"scope": scope})
        assert http.get("/containers").json()["data"] == []

    def test_another_reset_leaves_them(self, start_server):
        server = start_server()
        http = server.http()
        container = make(http)
        server.http("").post("/_emulator/reset", json={"scope": "fixtures"})
        assert http.get(f"/containers/{container['id']}").json() == container

    def test_they_move_with_their_namespace(self, start_server):
        server, other = start_server(Clock(NOW)), start_server(Clock(NOW))
        http = server.http()
        container = make(http)
        file = put(http, container, b"\x00\xff" * 999).json()
        packed = server.http("").get("/_emulator/export").content
        imported = other.http("").post("/_emulator/import", content=packed).json()["imported"]
        assert (imported["containers"], imported["container_files"]) == (1, 1)
        moved = other.http()
        assert moved.get(f"/containers/{container['id']}").json() == container
        at = f"/containers/{container['id']}/files/{file['id']}"
        assert moved.get(at).json() == file
        assert moved.get(f"{at}/content").content == b"\x00\xff" * 999
