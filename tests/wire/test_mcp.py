"""Real MCP servers on loopback: listed, approved, called, refused, broken, restarted; and who may be called at all."""

import contextlib
import json
import sqlite3

import pytest

from emulator.core.clock import Clock
from emulator.outbound import addresses
from emulator.run import jobs
from emulator.settings import Settings
from tests.certificates import self_signed
from tests.conftest import RunningServer
from tests.mcp_servers import Threaded, process

CANARY = "canary-7f3a9c1e5b"
TOKEN = "token-2b8d4f6a0c"
MISSING = "http://127.0.0.1:1/mcp"


@pytest.fixture(scope="module")
def sums():
    with Threaded("http") as running:
        yield running


@pytest.fixture(scope="module")
def old_sums():
    """The same server over SSE."""
    with Threaded("sse") as running:
        yield running


@pytest.fixture(scope="module")
def loopback():
    with RunningServer(Settings(log_level="quiet", egress=("loopback",)), Clock()) as running:
        yield running


@pytest.fixture
def http(loopback):
    return loopback.http()


def offer(url, **more):
    return {"type": "mcp", "server_label": "sums", "server_url": url, "require_approval": "never", **more}


def post(http, said, tool, **more):
    return http.post("/responses", json={"model": "gpt-4o", "input": said, "tools": [tool], **more})


def ask(http, said, tool, **more):
    answer = post(http, said, tool, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def types(response):
    return [item["type"] for item in response["output"]]


def ended(http, response):
    """A background response when it has ended."""
    for _ in range(5_000):
        response = http.get(f"/responses/{response['id']}").json()
        if response["status"] not in ("queued", "in_progress"):
            break
    return response


def approval(request, approve, **more):
    return [{"type": "mcp_approval_response", "approval_request_id": request["id"], "approve": approve, **more}]


@pytest.mark.parametrize("name", ["sums", "old_sums"])
def test_a_server_is_listed_and_called_over_either_transport(http, request, name):
    running = request.getfixturevalue(name)
    response = ask(http, "add 3 and 4", offer(running.url, headers={"X-Team": "blue"}, authorization="a-token"))
    listing, call, message = response["output"]
    assert [tool["name"] for tool in listing["tools"]][:3] == ["add", "whoami", "boom"]
    assert listing["tools"][0]["input_schema"]["required"] == ["a", "b"]
    assert listing["tools"][0]["annotations"] == {"readOnlyHint": True}
    assert (call["name"], json.loads(call["arguments"]), call["output"]) == ("add", {"a": 3, "b": 4}, "7")
    assert message["content"][0]["text"] == "add says: 7."
    tool, headers = running.calls[-1]
    assert (tool, headers["x-team"], headers["authorization"]) == ("add", "blue", "Bearer a-token")


def test_the_chain_is_not_listed_again_and_its_tools_are_known(http, sums):
    first = ask(http, "add 3 and 4", offer(sums.url))
    second = ask(http, "add 5 and 6", offer(sums.url), previous_response_id=first["id"])
    assert types(second) == ["mcp_call", "message"]
    assert second["output"][0]["output"] == "11"
    http.delete(f"/responses/{first['id']}")
    third = ask(http, "add 7 and 8", offer(sums.url), previous_response_id=second["id"])
    assert (types(third), third["output"][0]["output"]) == (["mcp_call", "message"], "15")
    by_hand = [{"role": "user", "content": "x"}, *first["output"], {"role": "user", "content": "add 1 and 1"}]
    again = ask(http, by_hand, offer(sums.url), store=False)
    assert (types(again), again["output"][0]["output"]) == (["mcp_call", "message"], "2")


def test_only_allowed_tools_are_listed_and_called(http, sums):
    response = ask(
        http, "add 3 and 4", offer(sums.url, allowed_tools={"tool_names": ["whoami", "add"], "read_only": True})
    )
    assert [tool["name"] for tool in response["output"][0]["tools"]] == ["add"]
    choice = {"type": "mcp", "server_label": "sums", "name": "whoami"}
    forced = ask(http, "add 3 and 4", offer(sums.url), tool_choice=choice)
    assert (forced["output"][1]["name"], forced["output"][1]["output"]) == ("whoami", "nobody")


@pytest.mark.parametrize("rule", [None, "always", {"never": {"tool_names": ["boom"]}}])
def test_a_call_waits_for_its_approval(http, sums, rule):
    before = len(sums.calls)
    first = ask(http, "add 1 and 2", offer(sums.url, require_approval=rule))
    assert types(first) == ["mcp_list_tools", "mcp_approval_request"]
    request = first["output"][1]
    refused = ask(http, approval(request, False), offer(sums.url), previous_response_id=first["id"])
    assert (types(refused), len(sums.calls)) == (["message"], before)
    second = ask(http, approval(request, True), offer(sums.url), previous_response_id=first["id"])
    assert types(second) == ["mcp_call", "message"]
    assert (second["output"][0]["output"], second["output"][0]["approval_request_id"]) == ("3", request["id"])
    assert len(sums.calls) == before + 1
    third = ask(http, "add 3 and 4", offer(sums.url, require_approval=rule), previous_response_id=second["id"])
    assert types(third) == ["mcp_approval_request"]
    fourth = ask(http, approval(third["output"][0], True), offer(sums.url), previous_response_id=third["id"])
    assert fourth["output"][0]["output"] == "7"


def test_reading_may_need_no_approval(http, sums):
    rule = {"never": {"read_only": True}}
    assert types(ask(http, "add 1 and 2", offer(sums.url, require_approval=rule)))[1] == "mcp_call"
    assert types(ask(http, "whoami", offer(sums.url, require_approval=rule)))[1] == "mcp_approval_request"


def test_a_tool_that_breaks_ends_its_item_and_the_response_goes_on(http, sums):
    response = ask(http, "boom", offer(sums.url))
    call = response["output"][1]
    assert (response["status"], call["status"], call["output"]) == ("completed", "failed", None)
    assert call["error"]["type"] == "mcp_tool_execution_error"
    assert "boom failed: Error executing tool boom" in response["output"][2]["content"][0]["text"]


def test_a_fixture_may_leave_the_output_to_the_server(start_server, sums):
    http = start_server(egress=("loopback",)).http()
    call = {"server_label": "sums", "name": "add", "arguments": {"a": 1, "b": 1}}
    http.post(
        http.base_url.copy_with(path="/_emulator/fixtures"), json={"then": [{"mcp_call": call}, {"message": "Two."}]}
    )
    response = ask(http, "x", offer(sums.url))
    assert types(response) == ["mcp_list_tools", "mcp_call", "message"]
    assert (len(response["output"][0]["tools"]) > 1, response["output"][1]["output"]) == (True, "2")


def test_a_server_that_hangs_or_floods_fails_its_call_within_the_limits(start_server, sums):
    http = start_server(egress=("loopback",), mcp_timeout=3.0).http()
    hung = ask(http, "hang", offer(sums.url))
    assert (hung["status"], hung["output"][1]["status"]) == ("completed", "failed")
    assert hung["output"][1]["error"] == {
        "type": "http_error", "code": 0, "message": "The server did not answer within 3 seconds.",
    }  # fmt: skip
    flooded = ask(http, "flood", offer(sums.url))
    assert "more than 8,388,608 bytes" in flooded["output"][1]["error"]["message"]


def test_a_server_that_dies_in_a_call_fails_it_and_one_that_is_back_is_called_again(http):
    with process() as url:
        died = ask(http, "die", offer(url))
        assert (died["output"][1]["status"], died["output"][1]["error"]["type"]) == ("failed", "http_error")
        assert post(http, "add 1 and 2", offer(url)).status_code == 424
    with process(int(url.rpartition(":")[2].removesuffix("/mcp"))) as again:
        assert again == url
        back = ask(http, "add 1 and 2", offer(url), previous_response_id=died["id"])
        assert (types(back), back["output"][0]["output"]) == (["mcp_call", "message"], "3")


def test_work_that_nobody_finishes_in_time_is_lost_and_its_late_result_too(http, sums, monkeypatch):
    monkeypatch.setattr(jobs, "LEASE", 0.0)  # a poll sees it before the server has answered
    lost = ended(http, ask(http, "add 1 and 2", offer(sums.url), background=True))
    assert lost["output"][0]["error"] == "The work on this was lost."
    monkeypatch.undo()
    assert ask(http, "add 1 and 2", offer(sums.url))["output"][1]["output"] == "3"
    assert http.get(f"/responses/{lost['id']}").json() == lost


# Lists that cannot be had


def answering(status, *headers):
    """An app that answers everything alike."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"no"})

    seen = []
    return app, seen


def certificate(folder):
    """What uvicorn needs to serve with a certificate that nobody has signed."""
    return dict(zip(("ssl_certfile", "ssl_keyfile"), self_signed(folder), strict=True))


def not_listed(http, url):
    """Why the list of a server cannot be had."""
    answer = post(http, "add 1 and 2", offer(url))
    error = answer.json()["error"]
    assert answer.status_code == 424, answer.text
    assert (error["type"], error["code"], error["param"]) == ("external_connector_error", "http_error", "tools")
    told = error["message"].removeprefix("Error retrieving tool list from MCP server: 'sums'. ")
    assert "\n" not in told
    assert "Group" not in told
    return told


@pytest.mark.parametrize(("status", "told"), [(401, "401 (Unauthorized)"), (404, "404 (Not Found)"), (500, "500 (")])
def test_a_status_is_told_as_the_service_does(http, status, told):
    with Threaded(app=answering(status)[0]) as running:
        assert not_listed(http, running.url).startswith(f"Http status code: {told}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(http, status):
    target, seen = answering(200)
    with Threaded(app=target) as other, Threaded(app=answering(status, (b"location", other.url.encode()))[0]) as first:
        assert "redirects are not followed" in not_listed(http, first.url)
    inside, paths = answering(status, (b"location", b"/elsewhere"))
    with Threaded(app=inside) as running:
        assert "redirects are not followed" in not_listed(http, running.url)
    assert (seen, "/elsewhere" in paths) == ([], False)


def test_what_is_no_mcp_server_is_told_in_one_line(http, tmp_path):
    assert not_listed(http, MISSING) == "'127.0.0.1:1' refused the connection."
    with Threaded(app=answering(200)[0]) as running:
        assert not_listed(http, running.url) == "The server does not list its tools: Unexpected content type."
        assert "No TLS connection to '127.0.0.1" in not_listed(http, running.url.replace("http:", "https:"))
    with Threaded(app=answering(200)[0], **certificate(tmp_path)) as running:
        assert "is not accepted: self" in not_listed(http, running.url.replace("http:", "https:"))


def test_headers_that_cannot_be_sent_are_no_server_error(http, sums):
    answer = post(http, "add 1 and 2", offer(sums.url, headers={"X-A": "two\nlines"}))
    assert answer.status_code == 424
    assert "two" not in answer.text


def test_a_stream_and_a_background_run_fail_by_a_list_that_cannot_be_had(http):
    told = "Error retrieving tool list from MCP server: 'sums'. '127.0.0.1:1' refused the connection."
    for more in ({}, {"background": True}):
        text = post(http, "x", offer(MISSING), stream=True, **more).text
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
        assert "response.mcp_list_tools.failed" in [event["type"] for event in events]
        last = events[-1]
        assert (last["type"], last["response"]["error"]) == (
            "response.failed", {"code": "server_error", "message": told},
        )  # fmt: skip
        assert last["response"]["output"][0]["error"] == told
    failed = ended(http, ask(http, "x", offer(MISSING), background=True))
    assert (failed["status"], failed["error"]["message"]) == ("failed", told)
    assert http.get(f"/responses/{failed['id']}").json() == failed


def test_a_refused_response_is_not_stored(start_server, tmp_path):
    http = start_server(egress=("loopback",), db=str(tmp_path / "a.db")).http()
    assert post(http, "x", offer(MISSING)).status_code == 424
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as database:
        assert database.execute("select count(*) from responses").fetchone() == (0,)


# Who may be called


def test_a_list_of_hosts_allows_those_alone(start_server, sums):
    http = start_server(egress=(f"127.0.0.1:{sums.port}",)).http()
    assert ask(http, "add 1 and 2", offer(sums.url))["output"][1]["output"] == "3"
    for url in (MISSING, f"http://localhost:{sums.port}/mcp", "http://example.com/mcp"):
        assert "The egress rule does not allow" in not_listed(http, url)
    text = post(http, "x", offer("http://example.com/mcp"), stream=True)
    assert text.status_code == 424, "nothing has begun"


@pytest.mark.parametrize(
    ("rule", "leads_to", "told"),
    [
        (("api.example.com",), "127.0.0.1", "'api.example.com' leads to 127.0.0.1, where"),
        (("api.example.com",), "169.254.169.254", "'api.example.com' leads to 169.254.169.254, where"),
        (("loopback", "api.example.com"), "::ffff:169.254.169.254", "where the egress rule does not allow"),
        (("loopback", "api.example.com"), "127.0.0.1", None),
    ],
)
def test_a_name_is_looked_up_once_and_its_address_is_checked(start_server, sums, monkeypatch, rule, leads_to, told):
    asked = []

    async def look_up(host, port):
        asked.append(host)
        return [leads_to]

    monkeypatch.setattr(addresses, "look_up", look_up)
    http = start_server(egress=rule).http()
    url = f"http://api.example.com:{sums.port}/mcp"
    before = len(sums.calls)
    if told:
        assert told in not_listed(http, url)
        assert len(sums.calls) == before
    else:  # the server itself guards against names that are not its own: so we know that it was reached, by that name
        assert not_listed(http, url).startswith("Http status code: 421")
    assert set(asked) == {"api.example.com"}


def test_a_name_that_nobody_knows_is_told(start_server, monkeypatch):
    async def look_up(host, port):
        raise OSError("unknown")

    monkeypatch.setattr(addresses, "look_up", look_up)
    http = start_server(egress=("api.example.com",)).http()
    assert not_listed(http, "https://api.example.com/mcp") == "The name 'api.example.com' is not known."


def test_where_nobody_may_be_called_a_server_is_pretended_and_not_reached(server, sums):
    before = len(sums.calls)
    answer = post(server.http(), "add 1 and 2", offer(sums.url))
    assert answer.headers["x-emulator-warning"] == "pretended_mcp_server: sums"
    assert [tool["name"] for tool in answer.json()["output"][0]["tools"]] == ["fetch_sums_docs", "search_sums"]
    assert len(sums.calls) == before


# Credentials


def test_a_credential_reaches_the_server_and_nothing_else(start_server, sums, tmp_path, capfd):
    running = start_server(egress=("loopback",), db=str(tmp_path / "a.db"), log_level="debug")
    http = running.http()
    secret = {"headers": {"X-Key": CANARY, "Authorization": f"Bearer {TOKEN}"}}
    shown = []
    for said in ("whoami", "add 1 and 2", "boom"):
        ways = ({}, {"stream": True}, {"background": True, "stream": True})
        shown += [post(http, said, offer(sums.url, **secret), **more).text for more in ways]
    shown.append(post(http, "x", offer(MISSING, headers={"X-Key": CANARY}, authorization=TOKEN)).text)
    shown.append(post(http, "x", offer(sums.url, headers={"X-Key": f"{CANARY}\n{TOKEN}"})).text)
    first = ask(http, "whoami", offer(sums.url, require_approval="always", **secret))
    answers = approval(first["output"][1], True)
    shown.append(post(http, answers, offer(sums.url, **secret), previous_response_id=first["id"]).text)
    assert ended(http, ask(http, "whoami", offer(sums.url, **secret), background=True))["status"] == "completed"
    assert [headers.get("x-key") for _, headers in sums.calls[-3:]] == [CANARY] * 3
    root = http.base_url.copy_with(path="/")
    fixture = {"when": {"input": "template"}, "then": [{"message": "{{ request | json }}"}]}
    http.post(f"{root}_emulator/fixtures", json=fixture)
    shown.append(post(http, "template", offer(sums.url, **secret)).text)
    shown += [http.get(f"{root}_emulator/{path}").raise_for_status().text for path in ("requests", "export")]
    running.__exit__()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    told = "".join(capfd.readouterr())
    for name in (CANARY, TOKEN):
        assert all(name not in text for text in shown)
        assert name.encode() not in kept
        assert name not in told
    assert "whoami" in "".join(shown)
    assert b"whoami" in kept
