"""Whatever is sent: no 5xx but a 501, no traceback, nothing left running, nothing stored of what is refused."""

import json
import re

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.conformance import described
from tests.fuzz import bodies

OPERATIONS = [
    (method, path, operation)
    for path, methods in described.describe()["paths"].items()
    for method, operation in methods.items()
    if method != "servers"
]
TAKE_JSON = [row for row in OPERATIONS if "application/json" in row[-1].get("requestBody", {}).get("content", {})]
TAKE_QUERIES = [row for row in OPERATIONS if any(one["in"] == "query" for one in row[-1].get("parameters", ()))]
RIGHT = ("application/json", "application/json; charset=utf-8", "application/problem+json", "")
OTHER = ("text/plain", "application/yaml", "application/x-www-form-urlencoded", "multipart/form-data", "\xe9", ";")
KINDS = RIGHT * 8 + OTHER
DIALECTS = ("/openai/v1", "/v1", "/openai")


def named(row):
    return row[-1]["operationId"]


def url(path, name, ids, dialect):
    """A path with the ids of a namespace, behind its base URL."""
    filled = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "x"), path)
    return f"/ns/{name}{filled}" if filled.startswith("/_emulator") else f"/ns/{name}{dialect}{filled}"


def quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def judge(answer):
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    if answer.status_code == 501:
        assert answer.json()["error"]["code"] in ("not_implemented", "extra_missing")


def waits(raw):
    """Whether a body asks to be answered later, when this client has given up."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and bool(body.get("within"))


@pytest.mark.parametrize("row", TAKE_JSON, ids=named)
def test_no_body_breaks_the_server_or_is_half_stored(target, row):
    method, path, operation = row
    name, ids = target.place()
    schema = operation["requestBody"]["content"]["application/json"]["schema"]

    @bodies.SETTINGS
    @hypothesis.given(raw=bodies.texts(schema), kind=st.sampled_from(KINDS), dialect=st.sampled_from(DIALECTS))
    def check(raw, kind, dialect):
        hypothesis.assume(not waits(raw))
        before = target.stored(name)
        headers = {"content-type": kind.encode("latin-1")} if kind else {}
        answer = target.http.request(method.upper(), url(path, name, ids, dialect), content=raw, headers=headers)
        judge(answer)
        if answer.status_code >= 400:
            assert target.stored(name) == before
        elif operation["operationId"] == "createResponse":
            check_stored(target, name, dialect, answer)

    check()


def check_stored(target, name, dialect, answer):
    """A response that was answered whole is stored whole, or not at all."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        last = answer.text.rpartition("event: ")[2].partition("\n")[0]
        assert last in ("response.completed", "response.incomplete", "response.failed")
        return
    response = answer.json()
    found = target.http.get(f"/ns/{name}{dialect}/responses/{response['id']}")
    assert found.status_code == (200 if response["store"] else 404)
    if response["store"] and not response["background"]:
        assert found.json()["status"] == response["status"]
        assert [item["id"] for item in found.json()["output"]] == [item["id"] for item in response["output"]]


VALUE = st.sampled_from(["", "1", "0", "-1", "20", "true", "asc", "x", "9" * 30, "1e400", "nan", "\0", "é"]) | st.text()
TAILS = ("", "&%zz", "&=", "&%ff=%ff", "&&", "&a=b=c", "%")


@pytest.mark.parametrize("row", TAKE_QUERIES, ids=named)
def test_no_query_breaks_the_server(target, row):
    method, path, operation = row
    name, ids = target.place()
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    pair = st.tuples(st.sampled_from([*names, "limit[]", "include[0]"]) | st.text(max_size=4), VALUE)

    @bodies.SETTINGS
    @hypothesis.given(pairs=st.lists(pair, max_size=4), tail=st.sampled_from(TAILS))
    def check(pairs, tail):
        query = "&".join(f"{quoted(key)}={quoted(held)}" for key, held in pairs) + tail
        judge(target.http.request(method.upper(), f"{url(path, name, ids, '/openai/v1')}?{query}"))

    check()


PATHS = ("responses/{}", "responses/{}/input_items", "files/{}/content", "containers/{}/files/{}", "models/{}")
STEP = st.text(min_size=1, max_size=12) | st.sampled_from(["..", ".", "%2e%2e", "\0", "a/b", " "])


@bodies.SETTINGS
@hypothesis.given(ids=st.tuples(STEP, STEP))
def test_no_id_in_a_path_breaks_the_server(shared, ids):
    filled = [quoted(one) for one in ids]
    for path in PATHS:
        judge(shared.http.get("/ns/ids/v1/" + path.format(*filled)))
    judge(shared.http.get(f"/_emulator/requests/{filled[0]}"))
    judge(shared.http.get(f"/ns/{filled[0]}/v1/models"))


PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
PARTS = (
    PART % (b"purpose", b"", b"assistants"),
    PART % (b"purpose", b"", b"\xff\xfe"),
    PART % (b"file", b'; filename="a.txt"', b"hello"),
    PART % (b"file", b'; filename="\xff\x00/../a"', b"hello"),
    PART % (b"file", b"", b"hello"),
    PART % (b"file_id", b"", b"file-1"),
    PART % (b"expires_after[anchor]", b"", b"created_at"),
    PART % (b"expires_after[seconds]", b"", b"9" * 400),
    PART % (b"x" * 9_000, b"", b""),
    b"--x\r\n\r\n\r\n",
    b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n",
    b"--x\r\n" + b"A: b\r\n" * 300 + b"\r\n\r\n",
    b"--y\r\n",
    b"\r\n",
)
BOUNDARIES = ("; boundary=x",) * 7 + ("", "; boundary=", '; boundary="x', "; boundary=y")
ENDS = (b"--x--\r\n",) * 4 + (b"", b"--x", b"--x--junk")


@pytest.mark.parametrize("path", ["/files", "/containers/{container_id}/files"])
def test_no_form_breaks_the_server_or_is_half_stored(target, path):
    name, ids = target.place()

    @bodies.SETTINGS
    @hypothesis.given(
        parts=st.lists(st.sampled_from(PARTS) | st.binary(max_size=30), max_size=5),
        end=st.sampled_from(ENDS),
        boundary=st.sampled_from(BOUNDARIES),
        dialect=st.sampled_from(DIALECTS),
    )
    def check(parts, end, boundary, dialect):
        before = target.stored(name)
        headers = {"content-type": f"multipart/form-data{boundary}"}
        answer = target.http.post(url(path, name, ids, dialect), content=b"".join(parts) + end, headers=headers)
        judge(answer)
        if answer.status_code >= 400:
            assert target.stored(name) == before

    check()
