"""Vector stores over the wire: every route, in both dialects, files that can and cannot be read, life by the clock."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.clock import Clock
from tests.pdfs import pdf

DAY = 86_400.0
NOW = 1_763_000_000.0
PATHS = pytest.mark.parametrize("path", ["/openai/v1", "/openai", "/v1"])
KEYS = ["id", "object", "created_at", "name", "usage_bytes", "file_counts", "status", "expires_after", "expires_at",
        "last_active_at", "metadata"]  # fmt: skip
FILE_KEYS = ["id", "object", "usage_bytes", "created_at", "vector_store_id", "status", "last_error",
             "chunking_strategy", "attributes"]  # fmt: skip
BATCH_KEYS = ["id", "object", "created_at", "vector_store_id", "status", "file_counts"]
ONE_DAY = {"anchor": "last_active_at", "days": 1}


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture
def http(start_server, clock):
    return start_server(clock).http()


def upload(http, text="Cats sleep.", name="cats.txt", **more):
    data = text if isinstance(text, bytes) else text.encode()
    answer = http.post("/files", data={"purpose": "assistants", **more}, files={"file": (name, data)})
    return answer.json()["id"]


def made(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def make(http, **body):
    return made(http.post("/vector_stores", json=body))


def put(http, store, file_id, **more):
    return made(http.post(f"/vector_stores/{store['id']}/files", json={"file_id": file_id, **more}))


def search(http, store, query, **more):
    return made(http.post(f"/vector_stores/{store['id']}/search", json={"query": query, **more}))["data"]


def refused(answer):
    error = answer.json()["error"]
    return answer.status_code, error.get("code"), error.get("param")


def chunked(size, overlap):
    sizes = {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}
    return {"chunking_strategy": {"type": "static", "static": sizes}}


def ids(answer):
    return [row["id"] for row in answer.json()["data"]]


@PATHS
def test_a_vector_store_has_its_keys_and_can_be_changed_and_deleted(server, path):
    http = server.http(f"/ns/vs-{path.count('/')}-{path[1]}{path}")
    store = make(http)
    assert list(store) == KEYS
    assert re.fullmatch("vs_[0-9a-f]{32}", store["id"])
    assert store | {"id": "", "created_at": 0, "last_active_at": 0} == {
        "id": "",
        "object": "vector_store",
        "created_at": 0,
        "name": "",
        "usage_bytes": 0,
        "file_counts": {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0},
        "status": "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": 0,
        "metadata": {},
    }
    at = f"/vector_stores/{store['id']}"
    assert http.get(at).json() == store
    assert http.get("/vector_stores").json()["data"] == [store]
    changed = made(http.post(at, json={"name": "docs", "metadata": {"a": "b"}, "expires_after": ONE_DAY}))
    assert (changed["name"], changed["metadata"], changed["expires_after"]) == ("docs", {"a": "b"}, ONE_DAY)
    assert changed["expires_at"] - changed["last_active_at"] in (DAY, DAY + 1)
    same = made(http.post(at, json={}))
    assert {**same, "last_active_at": 0, "expires_at": 0} == {**changed, "last_active_at": 0, "expires_at": 0}
    assert made(http.post(at, json={"expires_after": None}))["expires_at"] is None
    assert http.delete(at).json() == {"id": store["id"], "object": "vector_store.deleted", "deleted": True}
    assert http.get("/vector_stores").json()["data"] == []
    assert refused(http.get(at)) == (404, None, None)
    assert http.get(at).json()["error"]["message"] == f"No vector store found with id '{store['id']}'."


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"name": 1}, "name", "invalid_type"),
        ({"name": "x" * 257}, "name", "string_above_max_length"),
        ({"name": "a\0"}, "name", "invalid_value"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor", "invalid_value"),
        ({"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days", "integer_above_max_value"),
        ({"file_ids": ["file-x"]}, "file_ids[0]", None),
        ({"file_ids": "file-x"}, "file_ids", "invalid_type"),
        ({"chunking_strategy": {"type": "x"}}, "chunking_strategy.type", "invalid_value"),
        ({"chunking_strategy": {"type": "static"}}, "chunking_strategy.static", "missing_required_parameter"),
        (
            chunked(99, 1),
            "chunking_strategy.static.max_chunk_size_tokens",
            "integer_below_min_value",
        ),
        (
            chunked(100, 51),
            "chunking_strategy.static.chunk_overlap_tokens",
            "integer_above_max_value",
        ),
    ],
)  # fmt: skip
def test_a_wrong_vector_store_is_refused_and_nothing_is_made(server, body, param, code):
    http = server.http("/ns/vs-wrong/v1")
    answer = http.post("/vector_stores", json=body)
    assert refused(answer) == (404 if param == "file_ids[0]" else 400, code, param)
    assert http.get("/vector_stores").json()["data"] == []


def test_what_nobody_understands_is_warned_of_or_refused(start_server):
    body = {"nme": "x", "description": "y", "expires_after": {**ONE_DAY, "hours": 1}}
    warned = start_server().http().post("/vector_stores", json=body)
    assert warned.headers["x-emulator-warning"] == ("unknown_parameter: nme; unknown_parameter: expires_after.hours")
    strict = start_server(validation="strict").http().post("/vector_stores", json=body)
    assert refused(strict) == (400, "unknown_parameter", "nme")


def test_an_id_that_can_be_none_is_said_to_be_none(server):
    answer = server.http().get("/vector_stores/file-1")
    assert refused(answer) == (400, "invalid_value", "vector_store_id")
    assert "begins with 'vs_'" in answer.json()["error"]["message"]


def test_lists_are_paged_both_ways(http):
    stores = [make(http, name=str(number))["id"] for number in range(5)]
    newest = stores[::-1]
    assert ids(http.get("/vector_stores")) == newest
    assert ids(http.get("/vector_stores", params={"order": "asc", "limit": 2})) == stores[:2]
    first = http.get("/vector_stores", params={"limit": 2}).json()
    assert (first["has_more"], first["last_id"]) == (True, newest[1])
    assert ids(http.get("/vector_stores", params={"after": newest[1], "limit": 9})) == newest[2:]
    before = http.get("/vector_stores", params={"before": newest[3], "limit": 2})
    assert (ids(before), before.json()["has_more"]) == (newest[1:3], True)
    before = http.get("/vector_stores", params={"before": newest[2], "limit": 2})
    assert (ids(before), before.json()["has_more"]) == (newest[:2], False)
    assert refused(http.get("/vector_stores", params={"after": "vs_0"})) == (400, "invalid_value", "after")


def test_a_file_is_read_at_once_and_its_text_can_be_read_back(http):
    store = make(http)
    text = " ".join(f"word{number}." for number in range(900))
    file_id = upload(http, text)
    sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 100}
    chunking = {"type": "static", "static": sizes}
    file = put(http, store, file_id, attributes={"year": 2024, "new": True}, chunking_strategy=chunking)
    assert list(file) == FILE_KEYS
    assert (file["id"], file["status"], file["last_error"]) == (file_id, "completed", None)
    assert (file["chunking_strategy"], file["attributes"]) == (chunking, {"year": 2024, "new": True})
    assert len(text) < file["usage_bytes"] < 2 * len(text)
    at = f"/vector_stores/{store['id']}/files/{file_id}"
    assert http.get(at).json() == file
    assert http.get(f"{at}/content").json() == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text}],
        "has_more": False,
        "next_page": None,
    }
    (best,) = search(http, store, "word870", max_num_results=1)
    assert "word870." in best["content"][0]["text"]
    assert len(best["content"][0]["text"]) < len(text) / 2
    whole = http.get(f"/vector_stores/{store['id']}").json()
    assert (whole["usage_bytes"], whole["file_counts"]["completed"]) == (file["usage_bytes"], 1)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n\xff", "unsupported_file"),
        ("a.bin", b"a\0b", "unsupported_file"),
        ("a.txt", b" \n", "invalid_file"),
        ("a.pdf", b"no PDF", "invalid_file"),
    ],
)
def test_a_file_that_cannot_be_read_has_failed(http, name, data, code):
    store = make(http)
    file = put(http, store, upload(http, data, name))
    assert (file["status"], file["last_error"]["code"], file["usage_bytes"]) == ("failed", code, 0)
    assert http.get(f"/vector_stores/{store['id']}").json()["file_counts"]["failed"] == 1
    assert http.get(f"/vector_stores/{store['id']}/files/{file['id']}/content").json()["data"] == []
    assert search(http, store, "a") == []


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", pdf("Nucleus sampling")), ("a.txt", "Nucleus".encode("utf-16")), ("a", "\ufeffNucleus".encode())],
)
def test_pdfs_and_texts_of_any_usual_encoding_are_searched(http, name, data):
    store = make(http, file_ids=[upload(http, data, name)])
    assert store["file_counts"]["completed"] == 1
    (found,) = search(http, store, "nucleus")
    assert found["filename"] == name
    assert found["content"][0]["text"].startswith("Nucleus")


def test_files_are_listed_changed_and_taken_out(http):
    store, other = make(http), make(http)
    files = [upload(http, f"Cats {number}", f"{number}.txt") for number in range(3)]
    for file_id in files:
        put(http, store, file_id)
    put(http, store, upload(http, b"\xff", "x.png"))
    at = f"/vector_stores/{store['id']}/files"
    assert ids(http.get(at, params={"filter": "completed"})) == files[::-1]
    assert ids(http.get(at, params={"filter": "completed", "order": "asc", "after": files[0]})) == files[1:]
    assert [row["status"] for row in http.get(at, params={"filter": "failed"}).json()["data"]] == ["failed"]
    assert ids(http.get(at, params={"filter": "in_progress"})) == []
    assert refused(http.get(at, params={"filter": "x"})) == (400, "invalid_value", "filter")
    assert refused(http.get(at, params={"filter": ["x", ""]})) == (400, "invalid_value", "filter")
    assert ids(http.get(at, params={"filter": ["x", "completed", ""]})) == files[::-1]
    changed = made(http.post(f"{at}/{files[0]}", json={"attributes": {"a": "b"}}))
    assert http.get(f"{at}/{files[0]}").json()["attributes"] == changed["attributes"] == {"a": "b"}
    assert refused(http.post(f"{at}/{files[0]}", json={})) == (400, "missing_required_parameter", "attributes")
    assert refused(http.post(f"{at}/{files[0]}", json={"attributes": {"a": None}})) == (
        400, "invalid_type", "attributes.a",
    )  # fmt: skip
    gone = http.delete(f"{at}/{files[0]}")
    assert gone.json() == {"id": files[0], "object": "vector_store.file.deleted", "deleted": True}
    assert http.get(f"/files/{files[0]}").status_code == 200
    assert refused(http.delete(f"{at}/{files[0]}"))[0] == 404
    assert refused(http.get(f"/vector_stores/{other['id']}/files/{files[1]}"))[0] == 404
    assert len(search(http, store, "cats")) == 2


def test_a_file_that_is_put_in_again_takes_its_own_place(http):
    file_id = upload(http)
    store = make(http, file_ids=[file_id, file_id])
    put(http, store, file_id, attributes={"year": 1})
    assert [one["attributes"] for one in search(http, store, "cats")] == [{"year": 1}]
    assert http.get(f"/vector_stores/{store['id']}").json()["file_counts"]["total"] == 1


def test_a_deleted_or_expired_upload_is_in_no_vector_store(http, clock):
    short = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    gone, brief = upload(http), upload(http, "Cats play.", **short)
    store = make(http, file_ids=[gone, brief])
    assert len(search(http, store, "cats")) == 2
    http.delete(f"/files/{gone}")
    assert [one["file_id"] for one in search(http, store, "cats")] == [brief]
    clock.advance(3600)
    assert search(http, store, "cats") == []
    assert http.get(f"/vector_stores/{store['id']}").json()["file_counts"]["total"] == 0


def test_a_batch_has_ended_when_it_is_made(http):
    store = make(http)
    files = [upload(http), upload(http, b"\xff", "x.png")]
    at = f"/vector_stores/{store['id']}/file_batches"
    batch = made(http.post(at, json={"file_ids": files, "attributes": {"year": 1}}))
    assert list(batch) == BATCH_KEYS
    assert re.fullmatch("vsfb_[0-9a-f]{32}", batch["id"])
    assert batch["file_counts"] == {"in_progress": 0, "completed": 1, "failed": 1, "cancelled": 0, "total": 2}
    assert http.get(f"{at}/{batch['id']}").json() == batch
    assert http.post(f"{at}/{batch['id']}/cancel").json() == batch
    third = upload(http, "Cats run.")
    own = made(http.post(at, json={"files": [{"file_id": third, "attributes": {"year": 2}}]}))
    assert ids(http.get(f"{at}/{own['id']}/files")) == [third]
    assert sorted(ids(http.get(f"{at}/{batch['id']}/files"))) == sorted(files)
    assert [one["attributes"] for one in search(http, store, "cats")] == [{"year": 1}, {"year": 2}]
    assert refused(http.get(f"{at}/vsfb_0"))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "file_ids"),
        ({"file_ids": []}, 400, "file_ids"),
        ({"file_ids": ["file-1"], "files": []}, 400, "files"),
        ({"file_ids": ["file-1"]}, 404, "file_ids[0]"),
        ({"files": [{"file_id": "file-1"}]}, 404, "files[0].file_id"),
        ({"files": [{}]}, 400, "files[0].file_id"),
    ],
)
def test_a_wrong_batch_is_refused(server, body, status, param):
    http = server.http("/v1")
    store = make(http)
    answer = http.post(f"/vector_stores/{store['id']}/file_batches", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert http.get(f"/vector_stores/{store['id']}").json()["file_counts"]["total"] == 0


def test_a_search_is_one_page_of_results_best_first(http):
    texts = {"a.md": "Dogs bark.", "b.md": "Cats sleep and cats purr.", "c.md": "Cats and dogs sleep."}
    store = make(http, file_ids=[upload(http, text, name) for name, text in texts.items()])
    page = made(http.post(f"/vector_stores/{store['id']}/search", json={"query": "sleeping cats sleep"}))
    assert {name: page[name] for name in page if name != "data"} == {
        "object": "vector_store.search_results.page",
        "search_query": ["sleeping cats sleep"],
        "has_more": False,
        "next_page": None,
    }
    assert [one["filename"] for one in page["data"]] == ["b.md", "c.md"]
    assert list(page["data"][0]) == ["file_id", "filename", "score", "attributes", "content"]
    scores = [one["score"] for one in page["data"]]
    assert 1 > scores[0] > scores[1] > 0
    options = {"ranking_options": {"ranker": "auto", "score_threshold": scores[0]}}
    assert [one["filename"] for one in search(http, store, "sleeping cats sleep", **options)] == ["b.md"]
    assert len(search(http, store, ["bark", "purr"], max_num_results=2)) == 2
    assert search(http, store, "fish") == []


def test_attributes_filter_a_search(http):
    store = make(http)
    for year, kind in ((2023, "a"), (2024, "a"), (2025, "b")):
        put(http, store, upload(http, "Cats", f"{year}.txt"), attributes={"year": year, "kind": kind})
    after = {"type": "gte", "key": "year", "value": 2024}
    kind_a = {"type": "eq", "key": "kind", "value": "a"}
    both = {"type": "and", "filters": [after, kind_a]}
    assert [one["filename"] for one in search(http, store, "cats", filters=after)] == ["2024.txt", "2025.txt"]
    assert [one["filename"] for one in search(http, store, "cats", filters=both)] == ["2024.txt"]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "query", "missing_required_parameter"),
        ({"query": []}, "query", "array_below_min_length"),
        ({"query": ""}, "query", "string_below_min_length"),
        ({"query": "x", "max_num_results": 51}, "max_num_results", "integer_above_max_value"),
        ({"query": "x", "ranking_options": {"score_threshold": 1.5}}, "ranking_options.score_threshold",
         "decimal_above_max_value"),
        ({"query": "x", "filters": {"type": "eq", "key": "a", "value": {}}}, "filters.value", "invalid_type"),
    ],
)  # fmt: skip
def test_a_wrong_search_is_refused(server, body, param, code):
    http = server.http()
    answer = http.post(f"/vector_stores/{make(http)['id']}/search", json=body)
    assert refused(answer) == (400, code, param)


def test_a_vector_store_expires_by_the_clock_and_is_kept_by_use(http, clock):
    store = make(http, expires_after=ONE_DAY, file_ids=[upload(http)])
    at = f"/vector_stores/{store['id']}"
    clock.advance(DAY - 1)
    assert len(search(http, store, "cats")) == 1
    clock.advance(DAY - 1)
    shown = http.get(at).json()
    assert (shown["status"], shown["last_active_at"], shown["expires_at"]) == (
        "completed", NOW + DAY - 1, NOW + 2 * DAY - 1,
    )  # fmt: skip
    clock.advance(1)
    assert http.get(at).json()["status"] == "expired"
    for path, body in (("/search", {"query": "x"}), ("/files", {"file_id": "x"}), ("/file_batches", {}), ("", {})):
        answer = http.post(at + path, json=body)
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            400, f"Vector store '{store['id']}' has expired.",
        )  # fmt: skip
    assert ids(http.get("/vector_stores")) == [store["id"]]
    assert http.delete(at).status_code == 200


def test_a_reset_an_export_and_an_import_cover_vector_stores(start_server):
    server = start_server()
    one, other = server.http("/ns/one/v1"), server.http("/ns/other/v1")
    store = make(one, name="docs", file_ids=[upload(one)])
    batch = made(one.post(f"/vector_stores/{store['id']}/file_batches", json={"file_ids": [upload(one, "Dogs bark.")]}))
    archive = server.http("/ns/one").get("/_emulator/export").content
    imported = server.http("/ns/other").post("/_emulator/import", content=archive).json()["imported"]
    assert (imported["vector_stores"], imported["vector_store_files"], imported["vector_store_batches"]) == (1, 2, 1)
    assert [hit["filename"] for hit in search(other, store, "cats")] == ["cats.txt"]
    assert other.get(f"/vector_stores/{store['id']}/file_batches/{batch['id']}").json() == batch
    server.http("/ns/one").post("/_emulator/reset", json={"scope": "state"})
    assert one.get("/vector_stores").json()["data"] == []
    assert len(other.get("/vector_stores").json()["data"]) == 1


NAMES = (
    *("name", "file_id", "file_ids", "files", "attributes", "chunking_strategy", "static", "type", "query", "filters"),
    *("key", "value", "max_num_results", "ranking_options", "expires_after", "days", "metadata"),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.sampled_from(["auto", "static", "eq", "in", "and", "last_active_at", "file-1"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=3)), inner)
    ),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)


@settings(max_examples=60)
@given(st.sampled_from(["", "/files", "/file_batches", "/search", None]), bodies)
def test_no_body_breaks_an_endpoint(server, path, body):
    http = server.http("/ns/vs-fuzz/v1")
    store = make(http)
    answer = http.post("/vector_stores" if path is None else f"/vector_stores/{store['id']}{path}", json=body)
    assert answer.status_code < 500, answer.text
    http.close()
