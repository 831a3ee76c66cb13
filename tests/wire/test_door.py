"""What every request meets first: credentials, paths, methods, bodies, ids; never a traceback, never a 500."""

import base64
import select
import socket
import sqlite3
from contextlib import closing

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import KEY
from tests.pdfs import pages_of, stream, words

AZURE_DENIED = {"error": {"code": "401", "message": (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)}}  # fmt: skip


def bare(server, path="/openai/v1", **headers):
    return httpx.Client(base_url=server.url + path, headers=headers, trust_env=False)


class TestCredentials:
    @pytest.mark.parametrize(
        "headers",
        [
            {"api-key": "anything"},
            {"Authorization": "Bearer anything"},
            {"authorization": "bearer anything"},
            {"api-key": "anything", "Authorization": "Bearer other"},
        ],
    )
    def test_any_credential_is_accepted_by_default(self, server, headers):
        with bare(server, **headers) as http:
            assert http.get("/models").status_code == 200

    @pytest.mark.parametrize("headers", [{}, {"api-key": ""}, {"Authorization": "Basic eDp5"}])
    def test_none_is_refused_in_each_dialects_words(self, server, headers):
        with bare(server, **headers) as http:
            answer = http.get("/models")
        assert (answer.status_code, answer.json()) == (401, AZURE_DENIED)
        with bare(server, "/v1", **headers) as http:
            answer = http.get("/models")
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] is None
        assert answer.json()["error"]["message"].startswith("You didn't provide an API key.")

    def test_only_configured_keys_are_accepted(self, start_server):
        server = start_server(api_keys=("right-key-0123456789", "other"))
        for headers in ({"api-key": "other"}, {"Authorization": "Bearer right-key-0123456789"},
                        {"api-key": "wrong", "Authorization": "Bearer other"}):  # fmt: skip
            with bare(server, **headers) as http:
                assert http.get("/models").status_code == 200
        with bare(server, **{"api-key": "wrong"}) as http:
            assert (http.get("/models").status_code, http.get("/models").json()) == (401, AZURE_DENIED)
        with bare(server, "/v1", Authorization="Bearer wrong-key-0123456789") as http:
            error = http.get("/models").json()["error"]
        assert error["code"] == "invalid_api_key"
        assert error["message"] == "Incorrect API key provided: ********6789."

    def test_health_needs_none(self, server):
        with bare(server, "") as http:
            assert http.get("/_emulator/livez").json() == {"status": "alive"}
            assert http.get("/_emulator/readyz").json() == {"status": "ready", "waiting_for": []}

    def test_info_shows_no_key(self, start_server):
        server = start_server(api_keys=("very-secret",))
        with bare(server, "/ns/team/_emulator") as http:
            answer = http.get("/info")
        assert answer.json()["namespace"] == "team"
        assert answer.json()["settings"]["api_keys"] == "1 configured"
        assert "very-secret" not in answer.text


class TestPaths:
    @pytest.mark.parametrize(
        "path", ["/", "/responses", "/openai/v2/x", "/openaix/v1/responses", "/_emulatorx", "/ns/a"]
    )
    def test_a_path_outside_the_api_is_404(self, server, path):
        with bare(server, "", **{"api-key": KEY}) as http:
            answer = http.get(path)
        assert answer.status_code == 404
        assert "error" in answer.json()

    def test_a_wrong_path_in_each_dialects_words(self, server):
        assert server.http().get("/nope").json() == {"error": {"code": "404", "message": "Resource not found"}}
        assert server.http("/v1").get("/nope").json() == {"error": {
            "message": "Invalid URL (GET /v1/nope)", "type": "invalid_request_error", "param": None, "code": None,
        }}  # fmt: skip

    def test_a_wrong_method_says_what_is_accepted(self, server):
        answer = server.http("/v1").put("/responses", json={})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert answer.json()["error"]["code"] == "method_not_allowed"

    def test_a_wrong_method_says_all_that_are_accepted_whatever_route_has_them(self, server):
        answer = server.http("/v1").put("/vector_stores/vs_1/files/file-1", json={})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "DELETE, GET, HEAD, POST"
        assert server.http("/v1").put("/responses/compact", json={}).headers["allow"] == "POST"

    @pytest.mark.parametrize("name", ["a b", "x" * 65, "", "a%00b", "é"])
    def test_a_namespace_has_a_plain_name(self, server, name):
        with bare(server, "", **{"api-key": KEY}) as http:
            answer = http.get(f"/ns/{name}/openai/v1/models")
        assert answer.status_code in (400, 404)
        assert "error" in answer.json()

    @pytest.mark.parametrize(
        ("response_id", "code", "message"),
        [
            ("nope", "invalid_value", "Invalid 'response_id': 'nope'. Expected an ID that begins with 'resp'."),
            ("resp_nope", None, "Response with id 'resp_nope' not found."),
        ],
    )
    def test_ids_are_checked(self, http, response_id, code, message):
        status = 400 if code else 404
        for answer in (
            http.get(f"/responses/{response_id}"),
            http.delete(f"/responses/{response_id}"),
            http.post(f"/responses/{response_id}/cancel"),
            http.get(f"/responses/{response_id}/input_items"),
        ):
            assert answer.status_code == status
            assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == (code, message)


class TestHeaders:
    def test_the_official_client_shows_the_request_id(self, client):
        made = client.responses.create(model="gpt-4o", input="x")
        assert made._request_id


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "status", "code", "param"),
        [
            (b"", 400, None, None),
            (b"{", 400, None, None),
            (b'{"model": "gpt-4o" "input": "x"}', 400, None, None),
            (b"[]", 400, "invalid_type", None),
            (b"null", 400, "invalid_type", None),
            (b"{}", 400, "missing_required_parameter", "model"),
            (b'{"model": "gpt-4o"}', 400, "missing_required_parameter", "input"),
            (b'{"model": "gpt-4o", "input": ""}', 400, "missing_required_parameter", "input"),
            (b'{"model": "gpt-4o", "input": 5}', 400, "invalid_type", "input"),
            (b'{"model": "gpt-4o", "input": "x", "stream": "yes"}', 400, "invalid_type", "stream"),
            (b'{"model": "gpt-4o", "input": "x", "temperature": 99}', 400, "decimal_above_max_value", "temperature"),
            (
                b'{"model": "gpt-4o", "input": "x", "max_output_tokens": 1}',
                400,
                "integer_below_min_value",
                "max_output_tokens",
            ),
            (b'{"model": "gpt-4o", "input": [' + b"[" * 500 + b"]" * 500 + b"]}", 400, None, None),
            (b'{"model": "gpt-4o", "input": "\\ud800"}', 400, None, None),
        ],
    )
    def test_bad_bodies(self, http, body, status, code, param):
        answer = http.post("/responses", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert (error["code"], error["param"], error["type"]) == (code, param, "invalid_request_error")

    def test_another_content_type_is_refused(self, http):
        answer = http.post("/responses", content=b"x", headers={"content-type": "text/plain"})
        assert answer.status_code == 400

    def test_a_body_of_more_than_ten_megabytes_is_refused(self, http):
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x" * 11_000_000})
        assert answer.status_code == 413

    def test_unless_it_carries_file_data(self, http):
        data = base64.b64encode(pages_of(stream(words("Hello")), more=(stream(b"x" * 9_000_000),))).decode()
        part = {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}
        answer = http.post("/responses", json={
            "model": "gpt-4o", "truncation": "auto", "input": [{"role": "user", "content": [part]}],
        })  # fmt: skip
        assert answer.status_code == 200, answer.text[:300]

    def test_an_unknown_field_is_accepted_and_named(self, http):
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "brand_new": 1})
        assert answer.status_code == 200
        assert "brand_new" in answer.headers["x-emulator-warning"]

    def test_a_warning_never_breaks_the_header(self, http):
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "né\r\nset-cookie: x" * 500: 1})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers

    def test_an_unknown_deployment_and_version_are_named_and_strict_refuses_them(self, http, start_server):
        body = {"model": "never-heard", "input": "x"}
        answer = http.post("/responses?api-version=zzz", json=body)
        assert answer.headers["x-emulator-warning"] == "unknown_api_version: zzz; unknown_deployment: never-heard"
        strict = start_server(validation="strict").http()
        assert strict.post("/responses?api-version=zzz", json=body).json()["error"]["code"] == "BadRequest"
        assert strict.post("/responses?api-version=preview", json=body).json()["error"]["code"] == "DeploymentNotFound"

    def test_too_many_items_are_refused_before_they_are_looked_at(self, http):
        answer = http.post("/responses", json={"model": "gpt-4o", "input": [1] * 10_001})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "array_above_max_length")

    def test_a_head_of_megabytes_is_refused(self, server):
        with socket.create_connection((server.url.rpartition(":")[0].removeprefix("http://"), server.port)) as wire:
            wire.sendall(b"GET /_emulator/livez HTTP/1.1\r\nx: ")
            try:
                for _ in range(40):
                    wire.sendall(b"a" * 65536)
                    if wire in select.select([wire], [], [], 0)[0]:
                        break
                said = wire.recv(100)
            except ConnectionError:
                said = b"HTTP/1.1 431"
        assert said.startswith(b"HTTP/1.1 431")

    def test_a_download_that_breaks_off_is_cut_and_logs_nothing(self, server, caplog):
        http, other = server.http(), server.http()
        content = b"x" * 40_000_000
        made = http.post("/files", data={"purpose": "assistants"}, files={"file": ("a.bin", content)}).json()
        with http.stream("GET", f"/files/{made['id']}/content") as answer:
            pieces = answer.iter_bytes(1000)
            next(pieces)
            assert other.delete(f"/files/{made['id']}").status_code == 200
            with pytest.raises(httpx.TransportError):
                list(pieces)
        assert [record for record in caplog.records if record.exc_info] == []

    def test_a_database_that_another_process_holds_is_a_503(self, start_server, tmp_path, monkeypatch):
        monkeypatch.setattr("emulator.store.engine.BUSY_SECONDS", 0.05)
        path = str(tmp_path / "a?b%20c.db")
        http = start_server(db=path).http()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = http.post("/responses", json={"model": "gpt-4o", "input": "x"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert http.post("/responses", json={"model": "gpt-4o", "input": "x"}).status_code == 200

    def test_strict_refuses_it(self, start_server):
        http = start_server(validation="strict").http()
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "brand_new": 1})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_parameter")
        assert answer.json()["error"]["message"] == "Unknown parameter: 'brand_new'."

    def test_the_only_deployments_are_the_named_ones(self, start_server):
        server = start_server(deployments=("mine",))
        body = {"model": "gpt-4o", "input": "x"}
        answer = server.http().post("/responses", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "DeploymentNotFound")
        answer = server.http("/v1").post("/responses", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_not_found")
        assert server.http().post("/responses", json={**body, "model": "mine"}).status_code == 200

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        body=st.one_of(
            st.binary(max_size=200),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
                lambda inner: (
                    st.lists(inner, max_size=4)
                    | st.dictionaries(
                        st.sampled_from(["model", "input", "type", "role", "content", "tools", "text", "x"]),
                        inner,
                        max_size=5,
                    )
                ),
                max_leaves=12,
            ),
        )
    )
    def test_no_body_whatever_gets_a_server_error(self, http, body):
        import json

        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = http.post("/responses", content=content, headers={"content-type": "application/json"})
        assert answer.status_code < 500
        if answer.status_code != 200:
            assert answer.json()["error"]["message"]
