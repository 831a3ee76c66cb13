"""The validation dial over a real port: compatible names what nobody understands, strict refuses it."""

import re

import pytest

from docs.coverage_tables import rows
from emulator.api.queries import EVERYWHERE, KNOWN
from emulator.api.routes import ROUTES
from emulator.core.clock import Clock
from emulator.settings import Settings
from tests.conftest import RunningServer

BODY = {"model": "gpt-4o", "input": "x"}
TEXT = {"type": "input_text", "text": "x"}
BODIES = [
    ("zz", {"zz": 1}),
    ("text.format.zz", {"text": {"format": {"type": "text", "zz": 1}}}),
    ("tools[0].zz", {"tools": [{"type": "web_search", "zz": 1}]}),
    ("tools[0].user_location.zz", {"tools": [{"type": "web_search", "user_location": {"zz": 1}}]}),
    ("input[0].zz", {"input": [{"role": "user", "content": "x", "zz": 1}]}),
    ("input[0].content[1].zz", {"input": [{"role": "user", "content": [TEXT, {**TEXT, "zz": 1}]}]}),
]


@pytest.fixture(scope="module")
def strict():
    with RunningServer(Settings(log_level="quiet", validation="strict"), Clock()) as running:
        yield running


def told(server, namespace):
    """What the journal says of the last request."""
    control = server.http(f"/ns/{namespace}/_emulator")
    return control.get("/requests").json()["data"][0]["warnings"]


@pytest.mark.off_contract  # a tool is echoed with the field that nobody knows
@pytest.mark.parametrize(("path", "more"), BODIES)
def test_an_unknown_field_is_named_and_journalled_or_refused(server, strict, path, more):
    answer = server.http("/ns/dial/openai/v1").post("/responses", json={**BODY, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-emulator-warning"] == f"unknown_parameter: {path}"
    assert told(server, "dial") == [f"unknown_parameter: {path}"]
    refused = strict.http().post("/responses", json={**BODY, **more})
    assert (refused.status_code, refused.json()["error"]) == (400, {
        "message": f"Unknown parameter: '{path}'.", "type": "invalid_request_error", "param": path,
        "code": "unknown_parameter",
    })  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/responses"), ("GET", "/models"), ("GET", "/files"), ("GET", "/responses/resp_x")]
)
def test_so_is_an_unknown_query_parameter(server, strict, method, path):
    asked = {"method": method, "url": path, "params": {"zz[]": "1", "api-version": "preview"}}
    body = {"json": BODY} if method == "POST" else {}
    answer = server.http().request(**asked, **body)
    assert answer.status_code in (200, 404)
    assert answer.headers["x-emulator-warning"] == "unknown_parameter: zz"
    refused = strict.http().request(**asked, **body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "zz")


@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_what_an_endpoint_knows_is_not_named(strict, method, path):
    query = "&".join(f"{name}=" for name in (*KNOWN[method, path], *EVERYWHERE))
    answer = strict.http("/v1").request(method, re.sub(r"\{[^}]*\}", "x", path) + "?" + query, json={})
    assert "x-emulator-warning" not in answer.headers
    assert "unknown_parameter" not in answer.text


def test_every_endpoint_that_knows_something_is_one():
    assert KNOWN.keys() <= {(method, path) for method, path, _ in ROUTES}


def test_every_documented_query_parameter_is_known():
    known = {f"{method} {re.sub('{[^}]*}', '{id}', path)}": set(names) for (method, path), names in KNOWN.items()}
    documented = {}
    for row in rows("query"):
        if row["of"].startswith("GET "):
            documented.setdefault(row["of"], set()).add(row["name"])
    for of, names in documented.items():
        assert names <= known[of], of


def test_a_query_that_is_no_text_breaks_nothing(server):
    answer = server.http().get("/models?%FF%00=1&=&&zz")
    assert answer.status_code == 200
    assert answer.headers["x-emulator-warning"].isascii()
