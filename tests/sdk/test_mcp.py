"""MCP through the official client: pretended and real, streamed and not, in the background and not, in chains."""

import json

import openai
import pytest

from emulator.core.clock import Clock
from emulator.settings import Settings
from tests.conftest import RunningServer
from tests.mcp_servers import Threaded
from tests.sdk import events

KINDS = ["mcp_list_tools", "mcp_call", "message"]


@pytest.fixture(scope="module")
def sums():
    with Threaded() as running:
        yield running


@pytest.fixture(scope="module")
def loopback():
    with RunningServer(Settings(log_level="quiet", egress=("loopback",)), Clock()) as running:
        yield running


@pytest.fixture(params=["pretended", "real"])
def place(request, server, loopback, sums):
    """A client, and a server that is pretended or real."""
    url, running = ("https://contoso.com/mcp", server) if request.param == "pretended" else (sums.url, loopback)
    return running, {"type": "mcp", "server_label": "sums", "server_url": url, "require_approval": "never"}


def create(place, said="add 3 and 4", tool=None, **more):
    running, offered = place
    return running.client().responses.create(model="gpt-4o", input=said, tools=[{**offered, **(tool or {})}], **more)


def kinds(response):
    return [item.type for item in response.output]


def ended(client, response):
    for _ in range(5_000):
        response = client.responses.retrieve(response.id)
        if response.status not in ("queued", "in_progress"):
            break
    return response


def test_a_plain_answer_is_parsed(place):
    response = create(place)
    assert kinds(response) == KINDS
    assert (response.output[1].status, response.output[1].approval_request_id) == ("completed", None)
    assert response.output_text.startswith(f"{response.output[1].name} says: ")
    assert response.tools[0].headers is None


def test_every_event_is_one_that_the_client_knows(place):
    running, offered = place
    body = {"model": "gpt-4o", "input": "add 3 and 4", "tools": [offered], "stream": True}
    for more in ({}, {"background": True}):
        seen = events.read(running.http().post("/responses", json={**body, **more}).text)
        last = events.check(seen)
        assert [item["type"] for item in last["output"]] == KINDS
        if more:
            after = events.read(running.http().get(f"/responses/{last['id']}", params={"stream": "true"}).text)
            assert after == seen


def test_the_clients_own_accumulator_has_the_same_output(place):
    running, offered = place
    with running.client().responses.stream(model="gpt-4o", input="add 3 and 4", tools=[offered]) as stream:
        seen = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds(final) == KINDS
    assert seen.count("response.mcp_call_arguments.delta") == 1
    stored = running.client().responses.retrieve(final.id)
    assert [item.to_dict() for item in stored.output[:2]] == [item.to_dict() for item in final.output[:2]]
    assert stored.output_text == final.output_text


def test_a_background_run_ends_with_the_same_items(place):
    response = create(place, background=True)
    assert (response.status, response.output) == ("queued", [])
    response = ended(place[0].client(), response)
    assert (response.status, kinds(response)) == ("completed", KINDS)


@pytest.mark.parametrize("more", [{}, {"background": True}])
def test_an_approval_goes_through_the_chain(place, more):
    client = place[0].client()
    first = create(place, tool={"require_approval": "always"}, **more)
    first = ended(client, first) if more else first
    assert kinds(first) == ["mcp_list_tools", "mcp_approval_request"]
    request = first.output[1]
    assert isinstance(json.loads(request.arguments), dict)
    answer = [{"type": "mcp_approval_response", "approve": True, "approval_request_id": request.id}]
    second = create(place, answer, previous_response_id=first.id, **more)
    second = ended(client, second) if more else second
    assert kinds(second) == ["mcp_call", "message"]
    assert second.output[0].approval_request_id == request.id


def test_the_clients_own_objects_come_back_by_hand(place):
    inputs = [{"role": "user", "content": "add 3 and 4"}]
    first = create(place, inputs, {"require_approval": "always"}, store=False)
    inputs += first.output
    inputs.append({"type": "mcp_approval_response", "approve": True, "approval_request_id": first.output[1].id})
    second = create(place, inputs, {"require_approval": "always"}, store=False)
    assert kinds(second) == ["mcp_call", "message"]
    inputs += [*second.output, {"role": "user", "content": "add 5 and 6"}]
    assert kinds(create(place, inputs, store=False)) == ["mcp_call", "message"]


def test_a_list_that_cannot_be_had_is_an_error_of_the_client(loopback):
    tool = {"type": "mcp", "server_label": "sums", "server_url": "http://127.0.0.1:1/mcp"}
    client = loopback.client()
    with pytest.raises(openai.APIStatusError) as caught:
        client.responses.create(model="gpt-4o", input="x", tools=[tool])
    assert (caught.value.status_code, caught.value.code, caught.value.param) == (424, "http_error", "tools")
    *_, last = client.responses.create(model="gpt-4o", input="x", tools=[tool], stream=True)
    assert (last.type, last.response.error.code) == ("response.failed", "server_error")
    events_of_it = events.read(
        loopback.http().post("/responses", json={"model": "gpt-4o", "input": "x", "tools": [tool], "stream": True}).text
    )
    events.check(events_of_it)


def test_a_call_that_failed_is_parsed(loopback, sums):
    tool = {"type": "mcp", "server_label": "sums", "server_url": sums.url, "require_approval": "never"}
    response = loopback.client().responses.create(model="gpt-4o", input="boom", tools=[tool])
    assert (response.status, response.output[1].status, response.output[1].output) == ("completed", "failed", None)
    assert response.output[1].error


def test_s21_lists_calls_and_tells(page):
    ran = page.python("mcp.py")
    assert kinds(ran.names["response"]) == KINDS
    assert ran.output == ran.names["response"].output_text + "\n"


def test_s22_asks_as_the_page_prints_it(page):
    response = page.curl("mcp_approval.sh").json()
    assert (response["status"], [item["type"] for item in response["output"]]) == (
        "completed",
        ["mcp_list_tools", "mcp_approval_request"],
    )
    request = response["output"][1]
    assert request.keys() == {"id", "type", "arguments", "name", "server_label"}
    assert (request["arguments"], request["server_label"]) == ("{}", "github")


def test_s23_calls_what_was_approved(page):
    response = page.python("mcp_approve.py").names["response"]
    assert kinds(response) == ["mcp_call", "message"]
    assert response.output[0].approval_request_id.startswith("mcpr_")


def test_s24_the_key_is_not_told(page):
    brace = ('"Bearer $YOUR_API_KEY"', '"Bearer $YOUR_API_KEY"}')
    answer = page.curl("mcp_auth.sh", ('words?"', 'words?",'), brace)
    assert answer.status_code == 200
    assert "YOUR_API_KEY" not in answer.text
    assert answer.json()["tools"][0]["headers"] is None
