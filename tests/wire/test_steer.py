"""Steering a namespace: its clock, its reset, its seed, one response, its archive; and who may do it."""

import io
import json
import re
import zipfile

import httpx
import pytest

from emulator.api import guard
from emulator.api.routes import ROUTES
from emulator.core.clock import Clock
from tests.conftest import KEY

NOW = 1_763_000_000.0


def control(server, namespace="default"):
    return httpx.Client(base_url=f"{server.url}/ns/{namespace}/_emulator", trust_env=False, timeout=60)


def make(http, **body):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "Hello", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def manual(server, namespace="default"):
    fixture = {"name": "m", "when": {"input": "manual"}, "background": "manual", "then": [{"message": "done"}]}
    with control(server, namespace) as steer:
        assert steer.post("/fixtures", json=[fixture]).status_code == 200
    return make(server.http(f"/ns/{namespace}/openai/v1"), input="manual", background=True)["id"]


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b" \r\n\t", 200), (b"\x0c", 400), (b"\x0b{}", 400)])
def test_only_what_json_takes_for_white_space_is_an_empty_body(start_server, body, status):
    with control(start_server()) as steer:
        answer = steer.post("/clock", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == status
        assert answer.is_success or answer.json()["error"]["type"] == "emulator_error"


class TestClock:
    def test_thirty_days_are_one_call(self, start_server):
        server = start_server()
        http = server.http()
        made = make(http)
        with control(server) as steer:
            assert steer.get("/clock").json()["mode"] == "real"
            moved = steer.post("/clock", json={"advance": "30d"}).json()
        assert moved["mode"] == "offset"
        assert http.get(f"/responses/{made['id']}").status_code == 404

    def test_a_frozen_clock_stands_until_it_is_moved(self, start_server):
        server = start_server()
        with control(server) as steer:
            assert steer.post("/clock", json={"mode": "frozen", "now": NOW}).json() == {
                "mode": "frozen", "now": NOW, "offset": 0.0,
            }  # fmt: skip
            assert make(server.http())["created_at"] == NOW
            assert steer.post("/clock", json={"advance": 90}).json()["now"] == NOW + 90
            assert make(server.http())["created_at"] == NOW + 90
            assert steer.post("/clock", json={"mode": "real"}).json()["mode"] == "real"

    def test_advancing_settles_what_falls_due_in_due_order(self, start_server):
        server = start_server()
        http = server.http()
        with control(server) as steer:
            steer.post("/clock", json={"mode": "frozen", "now": NOW})
            first = make(http, background=True)["id"]
            steer.post("/clock", json={"advance": "4s"})
            second = make(http, background=True)["id"]
            steer.post("/clock", json={"advance": "1h"})
        assert http.get(f"/responses/{first}").json()["completed_at"] == NOW + 10
        assert http.get(f"/responses/{second}").json()["completed_at"] == NOW + 14

    def test_a_paced_stream_goes_on_when_the_clock_is_moved(self, start_server):
        server = start_server(stream_every=60.0)
        body = {"model": "gpt-4o", "input": "x", "stream": True}
        with control(server) as steer, server.http().stream("POST", "/responses", json=body) as answer:
            lines = answer.iter_lines()
            next(lines)
            steer.post("/clock", json={"advance": "1d"})
            assert '"type":"response.completed"' in [line for line in lines if line][-1]

    def test_a_clock_is_its_namespaces_own_and_survives_a_restart(self, start_server, tmp_path):
        path = str(tmp_path / "store.db")
        server = start_server(db=path)
        with control(server, "one") as steer:
            steer.post("/clock", json={"mode": "frozen", "now": NOW})
        with control(server, "other") as steer:
            assert steer.get("/clock").json()["mode"] == "real"
        with control(start_server(db=path), "one") as steer:
            assert steer.get("/clock").json() == {"mode": "frozen", "now": NOW, "offset": 0.0}

    @pytest.mark.parametrize(
        "body",
        [
            {"mode": "slow"}, {"now": "x"}, {"now": -1}, {"now": True}, {"advance": "-1s"}, {"advance": "soon"},
            {"advance": True}, {"advance": [1]}, {"mode": "real", "advance": "1d"}, {"nowe": 1},
        ],
    )  # fmt: skip
    def test_what_is_no_clock_is_refused(self, server, body):
        with control(server, "refused") as steer:
            answer = steer.post("/clock", json=body)
            assert answer.status_code == 400, answer.text
            assert "\n" not in answer.json()["error"]["message"]
            assert steer.get("/clock").json()["mode"] == "real"


class TestOneResponse:
    def test_a_manual_run_goes_step_by_step(self, start_server):
        server = start_server()
        response_id = manual(server)
        http = server.http()
        with control(server) as steer:
            for _ in range(3):
                assert http.get(f"/responses/{response_id}").json()["status"] == "queued"
            assert steer.post(f"/responses/{response_id}/advance").json()["status"] == "in_progress"
            assert http.get(f"/responses/{response_id}").json()["status"] == "in_progress"
            assert steer.post(f"/responses/{response_id}/advance").json()["status"] == "completed"
            answer = steer.post(f"/responses/{response_id}/advance")
        assert answer.status_code == 400
        assert http.get(f"/responses/{response_id}").json()["output"][0]["content"][0]["text"] == "done"

    def test_it_can_be_completed_or_failed_at_once(self, start_server):
        server = start_server()
        one, other = manual(server), manual(server)
        with control(server) as steer:
            assert steer.post(f"/responses/{one}/complete").json()["status"] == "completed"
            failed = steer.post(f"/responses/{other}/fail", json={"code": "server_error", "message": "Gone."}).json()
        assert (failed["status"], failed["error"]) == ("failed", {"code": "server_error", "message": "Gone."})
        assert server.http().get(f"/responses/{other}").json() == failed

    def test_a_polled_run_can_be_completed_too(self, start_server):
        server = start_server()
        made = make(server.http(), background=True)
        with control(server) as steer:
            assert steer.post(f"/responses/{made['id']}/complete").json()["status"] == "completed"
            assert steer.post("/responses/resp_nope/complete").status_code == 404


class TestNamespaces:
    def test_a_reset_empties_one_scope_of_one_namespace(self, start_server):
        server = start_server()
        one, other = server.http("/ns/one/openai/v1"), server.http("/ns/other/openai/v1")
        kept, gone = make(other), make(one)
        with control(server, "one") as steer:
            steer.post("/clock", json={"mode": "frozen", "now": NOW})
            assert steer.post("/reset", json={"scope": "state"}).json() == {"reset": "state"}
            assert steer.get("/clock").json()["mode"] == "frozen"
            assert steer.post("/reset").json() == {"reset": "all"}
            assert steer.get("/clock").json()["mode"] == "real"
            assert steer.post("/reset", json={"scope": "nope"}).status_code == 400
        assert one.get(f"/responses/{gone['id']}").status_code == 404
        assert other.get(f"/responses/{kept['id']}").status_code == 200

    def test_the_oldest_goes_when_there_are_too_many(self, start_server):
        clock = Clock(NOW)
        server = start_server(clock, most_namespaces=3)
        made = {}
        for name in ("a", "b", "c", "d"):
            made[name] = make(server.http(f"/ns/{name}/openai/v1"))["id"]
            clock.advance(1)
        with control(server, "d") as steer:
            assert [row["name"] for row in steer.get("/namespaces").json()["data"]] == ["d", "c", "b"]
            assert steer.delete("/namespaces/c").json() == {"name": "c", "deleted": True}
        assert server.http("/ns/c/openai/v1").get(f"/responses/{made['c']}").status_code == 404

    def test_a_seed_is_a_text_or_a_number(self, server):
        with control(server, "seeds") as steer:
            for value in (True, [], 1.5, "x" * 201):
                assert steer.post("/seed", json={"seed": value}).json()["error"]["code"] == "bad_request"

    def test_a_seeded_namespace_gives_the_same_bytes_for_the_same_requests(self, start_server):
        def answers():
            server = start_server()
            with control(server) as steer:
                steer.post("/seed", json={"seed": "42"})
                steer.post("/clock", json={"mode": "frozen", "now": NOW})
            http = server.http()
            first = http.post("/responses", json={"model": "gpt-4o", "input": "one"})
            second = {"model": "o3", "input": "two", "previous_response_id": first.json()["id"], "stream": True}
            return first.content, http.post("/responses", json=second).content

        assert answers() == answers()

    def test_a_restart_never_gives_an_id_twice(self, start_server, tmp_path):
        path = str(tmp_path / "store.db")
        ids = set()
        for _ in range(2):
            server = start_server(db=path)
            with control(server) as steer:
                if not ids:
                    steer.post("/seed", json={"seed": 1})
                steer.post("/clock", json={"mode": "frozen", "now": NOW})
            ids |= {make(server.http())["id"] for _ in range(5)}
        assert len(ids) == 10


class TestArchive:
    def test_a_namespace_moves_whole(self, start_server):
        server, other = start_server(), start_server()
        http = server.http("/ns/one/openai/v1")
        upload = http.post(
            "/files", data={"purpose": "assistants"}, files={"file": ("a.bin", b"\x00\xff" * 999)}
        ).json()
        first = make(http)
        make(http, previous_response_id=first["id"])
        streamed = http.post("/responses", json={"model": "o3", "input": "x", "background": True, "stream": True}).text
        streamed_id = json.loads(streamed.split("data: ", 2)[1].split("\n")[0])["response"]["id"]
        with control(server, "one") as steer, control(other, "two") as target:
            steer.post("/clock", json={"mode": "frozen", "now": NOW * 2})
            packed = steer.get("/export").content
            assert target.post("/import", content=packed).json()["imported"]["responses"] == 3
            assert target.get("/clock").json()["now"] == NOW * 2
            target.post("/clock", json={"mode": "real"})
        moved = other.http("/ns/two/openai/v1")
        assert moved.get(f"/responses/{first['id']}").json() == first
        assert moved.get(f"/files/{upload['id']}/content").content == b"\x00\xff" * 999
        assert moved.get(f"/responses/{streamed_id}?stream=true").text == streamed
        assert make(moved, previous_response_id=first["id"])["status"] == "completed"

    def test_what_is_no_archive_changes_nothing(self, start_server):
        server = start_server()
        http = server.http()
        made = make(http)
        broken = io.BytesIO()
        with zipfile.ZipFile(broken, "w") as packed:
            packed.writestr("manifest.json", json.dumps({"format": "responses-emulator-namespace", "version": 99}))
        with control(server) as steer:
            for content in (b"", b"not a zip", broken.getvalue()):
                answer = steer.post("/import", content=content)
                assert answer.status_code == 400
                assert "no archive" in answer.json()["error"]["message"]
        assert http.get(f"/responses/{made['id']}").status_code == 200


# Every control route that the app has, but the two that probes ask.
CONTROL = "/_emulator"
GUARDED = [
    (method, re.sub(r"\{[^}]*\}", "x", path.removeprefix(CONTROL)))
    for method, path, _ in ROUTES
    if path.startswith(CONTROL) and path not in guard.OPEN
]


class TestGuard:
    @pytest.mark.parametrize(("method", "path"), GUARDED)
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"}, {"Host": "evil.example"}, {"Host": "evil.example:9110"},
        ],
    )  # fmt: skip
    def test_no_control_endpoint_answers_a_foreign_page(self, server, method, path, headers):
        with control(server, "guarded") as steer:
            answer = steer.request(method, path, headers=headers)
        assert answer.status_code == 403, answer.text

    def test_the_routes_walked_are_all_there_are(self):
        assert len(GUARDED) >= 30
        assert ("DELETE", "/limits/x") in GUARDED

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9110", "emulator", "emulator:80", "[::1]:9110",
                                      "host.docker.internal", "10.0.0.7:9110"])  # fmt: skip
    def test_a_name_of_ones_own_is_served(self, server, host):
        with control(server) as steer:
            assert steer.get("/clock", headers={"Host": host}).status_code == 200

    def test_a_page_of_ones_own_is_served(self, server):
        with control(server) as steer:
            assert (
                steer.get("/clock", headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"}).status_code == 200
            )

    def test_another_name_can_be_allowed(self, start_server):
        server = start_server(allowed_hosts=("ci.example",))
        with control(server) as steer:
            assert steer.get("/clock", headers={"Host": "ci.example"}).status_code == 200

    @pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
    def test_health_and_the_api_never_check_it(self, server, headers):
        with httpx.Client(base_url=server.url, headers={"api-key": KEY, **headers}, trust_env=False) as http:
            assert http.get("/_emulator/livez").status_code == 200
            assert http.get("/_emulator/readyz").status_code == 200
            assert http.get("/openai/v1/models").status_code == 200
