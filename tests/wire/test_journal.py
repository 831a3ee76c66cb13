"""The journal over HTTP: what an entry says, its filters, `verify`, and that no credential is ever kept."""

import base64
import io
import threading
import zipfile
import zlib
from contextlib import ExitStack, closing

import httpx
import orjson
import pytest

from emulator.core.clock import Clock
from tests.conftest import KEY
from tests.processes import Process

WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
NOW = 1_752_174_469.0
FIXTURES = """
- name: greeting
  when: {input: hello}
  then: [{message: Hi.}]
- name: weather
  when: {tools: [get_weather], input: weather}
  then: [{function_call: {name: get_weather, arguments: {}}}]
"""


@pytest.fixture
def place_at():
    """Makes places, and closes their clients."""
    with ExitStack() as stack:
        yield lambda root: stack.enter_context(closing(Place(root)))


@pytest.fixture
def place(server, request, place_at):
    """A namespace of the test's own."""
    return place_at(server.url + f"/ns/{zlib.crc32(request.node.nodeid.encode())}")


class Place:
    def __init__(self, root):
        self.root = root
        self.http = httpx.Client(headers={"api-key": KEY}, trust_env=False, timeout=30)

    def close(self):
        self.http.close()

    def create(self, text="hello", base="/openai/v1", headers=None, **body):
        body = {"model": "gpt-4o", "input": text, **body}
        return self.http.post(f"{self.root}{base}/responses", json=body, headers=headers)

    def requests(self, **filters):
        answer = self.http.get(self.root + "/_emulator/requests", params=filters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def last(self):
        return self.requests(limit=1)[0]

    def verify(self, match=None, **body):
        answer = self.http.post(self.root + "/_emulator/verify", json={"match": match or {}, **body})
        assert answer.status_code == 200, answer.text
        return answer.json()


class TestEntries:
    def test_a_create_is_there_when_its_answer_is(self, place):
        answer = place.create("Good morning", metadata={"a": "b"}, headers={"traceparent": "00-1-2-00"})
        entry = place.last()
        assert entry["namespace"] == place.root.rpartition("/")[2]
        assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/responses", 200)
        assert entry["base"] == f"/ns/{entry['namespace']}/openai/v1"
        assert (entry["model"], entry["stream"], entry["background"]) == ("gpt-4o", False, False)
        assert entry["body"] == {"model": "gpt-4o", "input": "Good morning", "metadata": {"a": "b"}}
        assert entry["answer"] == answer.json()
        assert entry["response_id"] == answer.json()["id"]
        assert entry["headers"]["traceparent"] == "00-1-2-00"
        assert entry["headers"]["content-type"] == "application/json"
        assert (entry["fixture"], entry["unmatched"], entry["error"], entry["truncated"]) == (None, True, None, False)
        assert entry["disconnected"] is False
        assert 0 < entry["duration_ms"] < 10_000

    def test_a_stream_is_told_by_its_events(self, place):
        answer = place.create(stream=True)
        entry = place.last()
        assert entry["stream"] is True
        assert entry["answer"] == {
            "events": answer.text.count("\ndata: "), "last_event": "response.completed", "bytes": len(answer.content),
        }  # fmt: skip

    def test_a_stream_that_the_client_leaves_is_told(self, start_server, place_at):
        server = start_server(Clock(), stream_every=0.02)
        place = place_at(server.url)
        body = {"model": "gpt-4o", "input": "Tell me a long story", "stream": True}
        with place.http.stream("POST", server.url + "/v1/responses", json=body) as answer:
            next(answer.iter_lines())
        place.close()
        place = place_at(server.url)
        assert place.verify({"stream": True}, within="10s")["passed"] is True
        entry = place.last()
        assert (entry["status"], entry["disconnected"]) == (200, True)
        assert entry["answer"]["last_event"] != "response.completed"

    def test_a_resumed_stream_says_after_what(self, place):
        made = place.create(stream=True, background=True)
        response_id = place.last()["response_id"]
        assert response_id in made.text
        url = f"{place.root}/openai/v1/responses/{response_id}"
        place.http.get(url, params={"stream": "true", "starting_after": "3"})
        entry = place.last()
        assert (entry["method"], entry["path"]) == ("GET", f"/responses/{response_id}")
        assert (entry["resumed"], entry["response_id"], entry["stream"]) == (3, response_id, True)
        assert entry["query"] == {"stream": "true", "starting_after": "3"}

    def test_refusals_are_there_with_their_code(self, place):
        place.create(base="/v1", temperature="hot")
        assert [(one["status"], one["error"]) for one in place.requests()] == [(400, "invalid_type")]
        place.http.post(place.root + "/v1/responses", content=b"{", headers={"content-type": "application/json"})
        assert (place.last()["status"], place.last()["body"]) == (400, "{")
        place.http.post(place.root + "/v1/chat/completions", json={})
        assert (place.last()["status"], place.last()["path"], place.last()["body"]) == (404, "/chat/completions", None)
        with httpx.Client(trust_env=False) as http:
            http.post(place.root + "/v1/responses", json={})
        assert (place.last()["status"], place.last()["answer"]["error"]["type"]) == (401, "invalid_request_error")

    def test_the_first_request_of_all_may_be_refused(self, start_server):
        server = start_server()
        with httpx.Client(base_url=server.url, trust_env=False) as http:
            http.post("/openai/v1/responses", json={})
            http.post("/responses", json={})
            entries = http.get("/_emulator/requests").json()["data"]
        assert [(one["base"], one["path"], one["status"]) for one in entries] == [
            ("", "/responses", 404), ("/openai/v1", "/responses", 401),
        ]  # fmt: skip

    def test_a_file_is_not_kept(self, place):
        place.http.post(
            place.root + "/openai/v1/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"contents")}
        )
        entry = place.last()
        assert (entry["status"], entry["body"]) == (200, None)
        file_id = entry["answer"]["id"]
        place.http.get(f"{place.root}/openai/v1/files/{file_id}/content")
        assert place.last()["answer"] == {"bytes": 8, "content_type": "application/octet-stream"}

    def test_a_fault_is_told(self, place):
        assert place.create(headers={"X-Emulator-Fault": "status=429"}).status_code == 429
        entry = place.last()
        assert (entry["fault"], entry["status"], entry["disconnected"]) == ("status", 429, False)
        assert entry["body"]["input"] == "hello"
        with pytest.raises(httpx.HTTPError):
            place.create(headers={"X-Emulator-Fault": "reset"})
        assert place.verify({"input": "hello"}, exactly=2, within="10s")["passed"] is True
        entry = place.last()
        assert (entry["fault"], entry["status"], entry["disconnected"]) == ("reset", None, True)

    def test_warnings_are_there(self, place):
        place.create(nonsense=1)
        assert place.last()["warnings"] == ["unknown_parameter: nonsense"]

    def test_control_requests_are_not(self, place):
        place.http.get(place.root + "/_emulator/info")
        assert place.requests() == []

    def test_times_are_the_namespaces(self, start_server, place_at):
        place = place_at(start_server(Clock(NOW)).url)
        place.create()
        place.http.post(place.root + "/_emulator/clock", json={"advance": "1h"})
        place.create()
        assert [entry["at"] for entry in place.requests()] == [NOW + 3600, NOW]
        assert [entry["at"] for entry in place.requests(since=NOW + 1)] == [NOW + 3600]

    def test_fixtures_are_named(self, start_server, tmp_path, place_at):
        (tmp_path / "all.yaml").write_text(FIXTURES)
        place = place_at(start_server(fixtures=tmp_path).url)
        place.create("hello you")
        place.create("something else")
        assert [(one["fixture"], one["unmatched"]) for one in place.requests()] == [(None, True), ("greeting", False)]
        assert [one["fixture"] for one in place.requests(fixture="greeting")] == ["greeting"]
        assert [one["fixture"] for one in place.requests(unmatched="true")] == [None]


class TestPages:
    def test_paging_walks_over_all_of_them(self, place):
        for number in range(5):
            place.create(str(number))
        seen, before = [], {}
        while True:
            page = place.http.get(place.root + "/_emulator/requests", params={"limit": 2, **before}).json()
            seen += [entry["body"]["input"] for entry in page["data"]]
            if not page["has_more"]:
                break
            before = {"before": page["last_number"]}
        assert seen == ["4", "3", "2", "1", "0"]
        first = place.requests()[-1]["number"]
        assert len(place.requests(after=first)) == 4
        assert place.http.get(f"{place.root}/_emulator/requests/{first}").json()["body"]["input"] == "0"

    def test_filters(self, place):
        made = place.create("one", model="gpt-4.1").json()["id"]
        place.create("two", stream=True)
        place.create("three", background=True)
        place.http.get(f"{place.root}/v1/responses/{made}")
        place.http.get(place.root + "/v1/models/nope?x=1")

        def found(**filters):
            return [(one["body"] or {}).get("input") or one["path"] for one in place.requests(**filters)]

        assert found(model="gpt-4.1") == ["one"]
        assert found(stream="true") == ["two"]
        assert found(background="true") == ["three"]
        assert found(response_id=made) == [f"/responses/{made}", "one"]
        assert found(method="get", path="/responses") == [f"/responses/{made}"]
        assert found(method="POST", stream="false", limit=1) == ["three"]
        assert len(found(status=200)) == len(found())

    @pytest.mark.parametrize(
        ("query", "says"),
        [("limit=0", "from 1 to 1000"), ("limit=x", "is no number"), ("modell=x", "did you mean model?"),
         ("unmatched=yes", "neither true nor false"), ("since=x", "no number of seconds"),
         ("since=nan", "no number of seconds")],
    )  # fmt: skip
    def test_a_wrong_filter_is_refused_in_one_line(self, place, query, says):
        answer = place.http.get(f"{place.root}/_emulator/requests?{query}")
        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]

    @pytest.mark.parametrize("number", ["1", "x", "99999999999999999999999"])
    def test_another_namespaces_entry_is_not_found(self, place, number):
        assert place.http.get(f"{place.root}/_emulator/requests/{number}").status_code == 404

    def test_namespaces_never_mix(self, server, place, place_at):
        place.create("mine")
        other = place_at(server.url + "/ns/journal-other")
        other.create("theirs")
        assert [one["body"]["input"] for one in place.requests()] == ["mine"]
        answer = place.http.delete(place.root + "/_emulator/requests")
        assert answer.json() == {"deleted": 1}
        assert place.requests() == []
        assert other.last()["body"]["input"] == "theirs"

    def test_reset_empties_what_is_not_saved_yet_too(self, place):
        place.create()
        place.http.post(place.root + "/_emulator/reset", json={"scope": "journal"})
        assert place.requests() == []
        place.create()
        place.http.post(place.root + "/_emulator/reset", json={})
        assert place.requests() == []


class TestVerify:
    def test_creates_are_counted(self, place):
        place.create("hello you")
        place.create("hello me", model="gpt-4.1", stream=True)
        place.http.get(place.root + "/v1/models")
        assert place.verify() == {"passed": True, "count": 2, "expected": {"at_least": 1}, "nearest": []}
        assert place.verify({"input": "hello"}, exactly=2)["passed"] is True
        assert place.verify({"input": "hello", "model": "gpt-4.1"}, exactly=1)["passed"] is True
        assert place.verify({"stream": True}, at_least=2) | {"nearest": 0} == {
            "passed": False, "count": 1, "expected": {"at_least": 2}, "nearest": 0,
        }  # fmt: skip
        assert place.verify({"input": "nothing"}, at_most=0)["passed"] is True

    def test_the_nearest_say_what_held(self, place):
        for text in ("far", "hello far", "hello you", "hello again"):
            place.create(text, model="gpt-4.1" if "you" in text else "gpt-4o")
        found = place.verify({"input": "hello", "model": "gpt-4.1", "stream": True})
        assert (found["passed"], found["count"]) == (False, 0)
        assert [[row["held"] for row in one["conditions"]] for one in found["nearest"]] == [
            [True, True, False], [True, False, False], [True, False, False],
        ]  # fmt: skip
        assert found["nearest"][0]["conditions"][2] == {"key": "stream", "wanted": True, "got": False, "held": False}
        assert found["nearest"][0]["model"] == "gpt-4.1"

    def test_too_many_shows_those_that_matched(self, place):
        place.create("hello")
        place.create("other")
        found = place.verify({"input": "hello"}, exactly=0)
        assert (found["passed"], found["count"], len(found["nearest"])) == (False, 1, 1)
        assert found["nearest"][0]["conditions"][0]["held"] is True

    def test_a_tools_output_in_a_chain_is_known(self, place):
        call = place.create("weather", tools=[WEATHER]).json()
        output = {"type": "function_call_output", "call_id": call["output"][0]["call_id"], "output": "sunny"}
        place.create([output], previous_response_id=call["id"], tools=[WEATHER])
        assert place.verify({"tool_output": "get_weather"}, exactly=1)["passed"] is True
        assert place.verify({"tools": ["get_weather"]}, exactly=2)["passed"] is True

    def test_refused_requests_count_where_nothing_is_asked_of_them(self, place):
        place.create(temperature="hot")
        assert place.verify(exactly=1)["passed"] is True
        assert place.verify({"model": "gpt-4o"}, exactly=1)["passed"] is False

    def test_within_waits_for_what_comes(self, place):
        later = threading.Thread(target=place.create, args=("hello later",))
        waiting = threading.Timer(0.2, later.start)
        waiting.start()
        assert place.verify({"input": "later"}, within="20s") | {"expected": 0} == {
            "passed": True, "count": 1, "expected": 0, "nearest": [],
        }  # fmt: skip
        later.join()
        assert place.verify({"input": "never"}, within="50ms")["passed"] is False

    def test_who_waits_does_not_keep_the_server(self, start_server, place_at):
        server = start_server()
        place, said = place_at(server.url), []
        waiting = threading.Thread(target=lambda: said.append(place.verify(within="60s")))
        waiting.start()
        place_at(server.url).http.get(server.url + "/_emulator/livez")
        server.__exit__()
        waiting.join(20)
        assert not waiting.is_alive()

    @pytest.mark.parametrize(
        ("body", "says"),
        [({"match": {"inptu": "x"}}, "input"), ({"match": []}, "match"), ({"exactly": -1}, "'exactly' is a number"),
         ({"exactly": 1, "at_most": 1}, "give one of"), ({"within": "soon"}, "is no duration"),
         ({"within": "1h"}, "600s at most"), ({"matches": {}}, "no key 'matches'")],
    )  # fmt: skip
    def test_a_wrong_body_is_refused_in_one_line(self, place, body, says):
        answer = place.http.post(place.root + "/_emulator/verify", json=body)
        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]
        assert "\n" not in answer.json()["error"]["message"]


def unpacked(archive):
    """All that is in an exported namespace, the entries of its journal as they were."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        found = {name: packed.read(name) for name in packed.namelist()}
    entries = [orjson.loads(line)["entry"] for line in found["journal.jsonl"].splitlines()]
    assert entries
    return b"".join([*found.values(), *map(base64.b64decode, entries)])


class TestSecrets:
    """Each has a text of its own, and none may be found anywhere."""

    CANARIES = ("canary-key-4711", "canary-bearer-token-4711", "canary-query-4711", "canary-mcp-header-4711",
                "canary-mcp-auth-4711", "sk-canary4711sk4711", "canary-meta-bearer-4711", "canary-cookie-4711",
                "canary-userinfo-4711",
                "eyJjYW5hcnkiOjF9.eyJjYW5hcnkiOjJ9.c2lnbmF0dXJl")  # fmt: skip

    def send(self, url, base):
        key, bearer, query, header, auth, sk, meta, cookie, user, jwt = self.CANARIES
        headers = {"api-key": key, "Authorization": f"Bearer {bearer}", "Cookie": cookie, "x-other": sk,
                   "openai-organization": bearer, "user-agent": f"agent {sk}"}  # fmt: skip
        tool = {"type": "mcp", "server_label": "docs", "server_url": f"https://{user}:x@example.com/mcp",
                "authorization": auth, "headers": {"X-Token": header}}  # fmt: skip
        body = {"model": "gpt-4o", "input": f"My key is {sk}, theirs {key},\n{jwt}", "store": False, "tools": [tool],
                "metadata": {"a": f"Bearer {meta}"}}  # fmt: skip
        with httpx.Client(headers=headers, trust_env=False, timeout=30) as http:
            for extra in ({}, {"stream": True}, {"input": "x " * 60_000 + f"{key} {sk}"}, {"unknown " + sk: 1}):
                http.post(f"{url}{base}/responses?api-key={query}&api-version=v1", json=body | extra)
            http.get(f"{url}{base}/responses/{sk}")
            http.post(
                f"{url}{base}/responses",
                content=f'{{"Bearer {meta}": {sk}',
                headers={"content-type": "application/json"},
            )
            http.post(f"{url}{base}/{sk}/nowhere")
            return http.get(url + "/_emulator/requests?limit=1000").text, unpacked(
                http.get(url + "/_emulator/export").content
            )

    def test_no_credential_is_found_anywhere(self, tmp_path):
        shown = []
        with Process(tmp_path, "--db", "all.db") as server:
            url = server.url()
            for base in ("/openai/v1", "/v1"):
                shown += self.send(url, base)
            server.tell(15)
            assert server.status() == 0
            said = server.said()
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert "all.db" in files
        for canary in self.CANARIES:
            assert [name for name, data in files.items() if canary.encode() in data] == []
            assert canary not in said
            assert canary not in shown[0] + shown[2]
            assert canary.encode() not in shown[1] + shown[3]
        assert shown[2].count('"number"') == 14
        assert '"X-Token":"<redacted>"' in shown[0]
        assert "Bearer <redacted>" in shown[0]

    def test_a_short_key_hides_no_words(self, server, place_at):
        place = place_at(server.url + "/ns/short-key")
        place.http.headers["api-key"] = "hello"
        place.create("hello you")
        assert place.last()["body"]["input"] == "hello you"


def test_the_journal_outlives_its_server(start_server, tmp_path, place_at):
    db = str(tmp_path / "all.db")
    first = start_server(db=db)
    place_at(first.url).create("kept")
    first.__exit__()
    second = place_at(start_server(db=db).url)
    assert [one["body"]["input"] for one in second.requests()] == ["kept"]
    assert second.verify({"input": "kept"}, exactly=1)["passed"] is True


def test_the_ring_keeps_a_thousand(place):
    for _ in range(1_003):
        place.http.get(place.root + "/v1/models/gpt-4o")
    page = place.http.get(place.root + "/_emulator/requests", params={"limit": 1_000}).json()
    assert (len(page["data"]), page["has_more"]) == (1_000, False)

    def test_no_access_token_and_no_secret_of_the_issuer_is_found_anywhere(self, tmp_path):
        secrets = ["canary-secret-4711", "canary-identity-4711"]
        form = {
            "grant_type": "client_credentials",
            "client_secret": secrets[0],
            "scope": "https://ai.azure.com/.default",
        }
        query = {"api-version": "2019-08-01", "resource": "https://ai.azure.com"}
        with Process(tmp_path, "--db", "all.db", "--entra", "only", "--log-level", "debug") as server:
            url = server.url()
            with httpx.Client(trust_env=False, timeout=30) as http:
                identity = {"X-IDENTITY-HEADER": secrets[1]}
                made = [http.post(f"{url}/_emulator/entra/oauth2/v2.0/token", data=form),
                        http.get(f"{url}/_emulator/entra/msi", params=query, headers=identity)]  # fmt: skip
                tokens = [answer.json()["access_token"] for answer in made]
                for token, status in ((tokens[0], 200), (tokens[1], 200), (tokens[0][:-9] + "AAAAAAAAA", 401)):
                    asked = {"json": {"model": "gpt-4o", "input": f"I am {token}"}}
                    answer = http.post(
                        f"{url}/openai/v1/responses", headers={"Authorization": f"Bearer {token}"}, **asked
                    )
                    assert answer.status_code == status
                shown = http.get(url + "/_emulator/requests").text
                archive = unpacked(http.get(url + "/_emulator/export").content)
            server.tell(15)
            assert server.status() == 0
            said = server.said()
        journal = orjson.dumps(orjson.loads(shown)["data"])
        assert journal.count(b'"number"') == 3
        # What somebody says in a prompt is kept with the response, so that is not looked at here.
        for secret in (*secrets, *(token.rpartition(".")[2] for token in tokens)):
            assert secret.encode() not in journal
            assert secret not in said
        assert b"PRIVATE KEY" not in archive + said.encode()
        for secret in secrets:
            assert [
                path.name for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
            ] == []
