"""The headers of each dialect on every kind of answer: plain, streamed, a download, and every kind of error."""

import re

import pytest

from emulator.api.head import Head
from emulator.core.dialects import AZURE, OPENAI
from tests.conftest import KEY

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BODY = {"model": "gpt-4o", "input": "x"}
ALWAYS = {
    "azure": {
        "x-request-id": UUID,
        "apim-request-id": UUID,
        "x-ms-client-request-id": UUID,
        "x-ms-region": "East US 2",
        "x-content-type-options": "nosniff",
    },
    "openai": {
        "x-request-id": "req_[0-9a-f]{32}",
        "openai-version": "2020-10-01",
        "openai-organization": "emulator",
        "openai-project": "proj_emulator",
        "openai-processing-ms": "[1-9][0-9]*",
    },
}
OF_THE_MODEL = {"azureml-model-session": "d001-20251101000000", "x-ms-rai-invoked": "true"}
COMMON = {"content-type", "content-length", "date", "connection", "transfer-encoding"}
OF_A_STREAM = {"cache-control", "x-accel-buffering"}
OF_A_DOWNLOAD = {"content-disposition", "cross-origin-resource-policy"}
JSON = "application/json"


def create(http, **more):
    return http.post("/responses", json={**BODY, **more})


def faulty(fault):
    return lambda http: http.post("/responses", json=BODY, headers={"x-emulator-fault": fault})


def download(http):
    made = http.post("/files", data={"purpose": "batch"}, files={"file": ("a.txt", b"Hello")}).json()
    return http.get(f"/files/{made['id']}/content")


# What is asked; the status and content type; what is there besides; whether the model itself answers.
ANSWERS = {
    "plain": (create, 200, JSON, set(), True),
    "stream": (lambda http: create(http, stream=True), 200, "text/event-stream; charset=utf-8", OF_A_STREAM, True),
    "background": (lambda http: create(http, background=True), 200, JSON, set(), True),
    "list": (lambda http: http.get("/models"), 200, JSON, set(), False),
    "download": (download, 200, "application/octet-stream", OF_A_DOWNLOAD, False),
    "bad value": (lambda http: create(http, temperature=9), 400, JSON, set(), True),
    "blocked": (faulty("content_filter_prompt"), 400, JSON, set(), True),
    "no body": (lambda http: http.post("/responses"), 400, JSON, set(), True),
    "unknown response": (lambda http: http.get("/responses/resp_no"), 404, JSON, set(), False),
    "unknown path": (lambda http: http.get("/nothing"), 404, JSON, set(), False),
    "wrong method": (lambda http: http.put("/responses"), 405, JSON, {"allow"}, False),
    "no key": (lambda http: http.post("/responses", json=BODY, headers={"api-key": ""}), 401, JSON, set(), False),
    "limited": (faulty("status=429; retry_after=2"), 429, JSON, {"retry-after"}, False),
    "broken": (faulty("status=500"), 500, JSON, set(), False),
    "not built": (lambda http: create(http, prompt={"id": "p"}, input=None), 501, JSON, {"x-should-retry"}, False),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize(("prefix", "dialect"), [("/openai/v1", "azure"), ("/v1", "openai")])
def test_every_kind_of_answer_has_the_headers_of_its_dialect(server, prefix, dialect, kind):
    ask, status, content_type, more, by_model = ANSWERS[kind]
    answer = ask(server.http(prefix))
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type), answer.text
    told = ALWAYS[dialect] | (OF_THE_MODEL if by_model and dialect == "azure" else {})
    for name, form in told.items():
        assert re.fullmatch(form, answer.headers[name]), (name, answer.headers[name])
    assert set(answer.headers) - COMMON - OF_A_DOWNLOAD == {*told, *more} - OF_A_DOWNLOAD
    assert more & {"content-disposition"} <= set(answer.headers)


def test_the_ids_of_azure_are_three_and_the_clients_comes_back(http):
    headers = http.get("/models").headers
    assert headers["x-request-id"] != headers["apim-request-id"] == headers["x-ms-client-request-id"]
    told = http.get("/models", headers={"X-MS-Client-Request-Id": "mine-1"}).headers
    assert told["x-ms-client-request-id"] == "mine-1"
    assert re.fullmatch(UUID, told["apim-request-id"])
    long = http.get("/models", headers={"x-ms-client-request-id": b"\xe9" * 500})
    assert long.headers["x-ms-client-request-id"] == "é" * 128


def test_limits_are_told_with_their_resets_in_openais_dialect_only(server):
    limit = {"deployment": "gpt-4o", "requests_per_minute": 600}
    with server.http("/ns/headers/_emulator") as control:
        assert control.post("/limits", json=limit).status_code == 200
    azure, openai = (create(server.http(f"/ns/headers{prefix}")).headers for prefix in ("/openai/v1", "/v1"))
    assert (azure["x-ratelimit-limit-requests"], azure["x-ratelimit-remaining-requests"]) == ("600", "99")
    assert "x-ratelimit-reset-requests" not in azure
    assert openai["x-ratelimit-remaining-requests"] == "98"
    assert openai["x-ratelimit-reset-requests"]


def test_the_region_is_written_as_the_gateway_writes_it(start_server):
    server = start_server(region="germanywestcentral")
    assert server.http().get("/models").headers["x-ms-region"] == "Germany West Central"


@pytest.mark.parametrize("dialect", [AZURE, OPENAI], ids=lambda dialect: dialect.name)
def test_strict_transport_security_is_sent_over_tls_alone(dialect):
    plain, secure = (
        dict(Head("eastus2").of(dialect, "0123456789abcdef" * 2, began=0.0, asked={}, secure=secure))
        for secure in (False, True)
    )
    assert secure.keys() - plain.keys() == {b"strict-transport-security"}


def test_a_foundry_project_is_a_base_url_of_azures_dialect(server):
    with server.http("/api/projects/my-project/openai/v1") as http:
        made = create(http)
        assert made.headers["x-ms-region"] == "East US 2"
        assert http.get(f"/responses/{made.json()['id']}").json()["content_filters"]
    with server.http("/ns/team/api/projects/p/openai/v1") as http:
        assert create(http).status_code == 200
    with server.http("/api/projects", **{"api-key": KEY}) as http:
        assert http.post("//openai/v1/responses", json=BODY).status_code == 404
