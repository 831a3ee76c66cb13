"""MCP without a server: its events in their order, its short forms, approvals, and what the built-in model pretends."""

import json
from itertools import count
from pathlib import Path

import httpx
import pytest

from emulator.core.hosted import HostedCall
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.plan import Plan
from tests.plans import events_of, whole_log

NUMBERS = count()
TOOL = {"type": "mcp", "server_label": "github", "server_url": "https://contoso.com/mcp"}
NEVER = {**TOOL, "require_approval": "never"}
CALL = {"server_label": "github", "name": "find", "arguments": {"q": "x"}}


@pytest.fixture
def http(server):
    """A client whose namespace is the test's own."""
    return server.http(f"/ns/mcp{next(NUMBERS)}/openai/v1")


def script(http, *fixtures):
    path = http.base_url.path.replace("openai/v1/", "_emulator/fixtures")
    answer = http.post(http.base_url.copy_with(path=path), json=list(fixtures))
    assert answer.status_code == 200, answer.text


def ask(http, said="Find x", tool=TOOL, **more):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": said, "tools": [tool], **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def types(response):
    return [item["type"] for item in response["output"]]


def of_type(response, kind):
    return next(item for item in response["output"] if item["type"] == kind)


def approve(request, approve=True, **more):
    return [
        {"type": "mcp_approval_response", "approval_request_id": request["id"], "approve": approve, **more},
    ]


# Events


def events(step):
    _, lines = whole_log(Plan((step,)))
    return events_of(lines)[2:-1]


def test_the_events_of_a_list():
    tools = [{"name": "f", "description": None, "input_schema": {}, "annotations": None}]
    added, begun, ended, done = events(HostedCall("mcp_list_tools", {"server_label": "s", "tools": tools}))
    assert added["item"] == {**done["item"], "tools": []}
    assert done["item"].keys() == {"id", "type", "server_label", "tools"}
    assert done["item"]["tools"] == tools
    assert [begun["type"], ended["type"]] == [
        "response.mcp_list_tools.in_progress",
        "response.mcp_list_tools.completed",
    ]
    assert begun["item_id"] == ended["item_id"] == done["item"]["id"]
    assert done["item"]["id"].startswith("mcpl_")


def test_the_events_of_a_list_that_failed():
    *_, ended, done = events(HostedCall("mcp_list_tools", {"server_label": "s", "error": "gone"}))
    assert (ended["type"], done["item"]["error"], done["item"]["tools"]) == (
        "response.mcp_list_tools.failed", "gone", [],
    )  # fmt: skip


def test_the_events_of_a_call():
    fields = {"server_label": "s", "name": "f", "arguments": '{"a": 1}', "output": "yes"}
    found = events(HostedCall("mcp_call", fields))
    assert [event["type"].removeprefix("response.") for event in found] == [
        "output_item.added",
        "mcp_call.in_progress",
        "mcp_call_arguments.delta",
        "mcp_call_arguments.done",
        "mcp_call.completed",
        "output_item.done",
    ]
    item = found[-1]["item"]
    assert found[0]["item"] == {**item, "status": "in_progress", "arguments": "", "output": None}
    assert found[2]["delta"] == found[3]["arguments"] == item["arguments"] == '{"a": 1}'
    assert {name: item[name] for name in ("status", "approval_request_id", "error", "output")} == {
        "status": "completed", "approval_request_id": None, "error": None, "output": "yes",
    }  # fmt: skip


def test_the_events_of_a_call_that_failed():
    fields = {"server_label": "s", "name": "f", "arguments": "", "error": "boom", "output": "x"}
    found = events(HostedCall("mcp_call", fields))
    assert [event["type"] for event in found if "delta" in event["type"]] == []
    assert found[-2]["type"] == "response.mcp_call.failed"
    item = found[-1]["item"]
    assert (item["status"], item["output"]) == ("failed", None)
    assert item["error"] == {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "boom"}]}


def test_an_approval_request_has_no_events_of_its_own():
    added, done = events(HostedCall("mcp_approval_request", {"server_label": "s", "name": "f", "arguments": "{}"}))
    assert added["item"] == done["item"]
    assert done["item"]["arguments"] == "{}"
    assert done["item"]["id"].startswith("mcpr_")


# Short forms


@pytest.mark.parametrize(
    ("form", "says", "told"),
    [
        ("mcp_call", {"name": "f"}, "needs 'server_label'"),
        ("mcp_call", {"server_label": "s"}, "needs 'name'"),
        ("mcp_call", {**CALL, "output": "x", "error": "y"}, "has an 'output' and an 'error'"),
        ("mcp_call", {**CALL, "outputs": "x"}, "did you mean 'output'"),
        ("mcp_call", {**CALL, "arguments": 1}, "must be a mapping or JSON text"),
        ("mcp_call", {**CALL, "server_label": ""}, "must not be empty"),
        ("mcp_list_tools", {"server_label": "s", "tools": []}, "not an empty list"),
        ("mcp_list_tools", {"server_label": "s", "tools": [{"nam": "f"}]}, "did you mean 'name'"),
        ("mcp_list_tools", {"server_label": "s", "tools": [{"name": "f", "output": "x"}]}, ""),
        ("mcp_list_tools", {"server_label": "s", "tools": [{"name": "f", "input_schema": 1}]}, "must be a mapping"),
        ("mcp_approval_request", {"server_label": "s"}, "needs 'name'"),
        ("mcp_server", {"server_label": "s"}, "needs 'tools'"),
        (
            "mcp_server",
            {"server_label": "s", "tools": [{"name": "f", "output": 1, "error": "x"}]},
            "has an 'output' and",
        ),
    ],
)
def test_a_wrong_short_form_is_refused(form, says, told):
    with pytest.raises(FixtureError, match=rf"{form}.*{told}"):
        from_dict({"then": [{form: says}]}, "here")


def test_an_output_that_is_no_text_is_its_json():
    (step,) = from_dict({"then": [{"mcp_call": {**CALL, "output": {"n": [1]}}}]}, "here").then.steps
    assert (step.fields["output"], step.fields["arguments"]) == ('{"n":[1]}', '{"q":"x"}')


# Scripted


def test_a_scripted_call_gets_its_list_once_and_the_chain_remembers_it(http):
    script(http, {"then": [{"mcp_call": {**CALL, "output": "yes"}}, {"message": "Found."}]})
    first = ask(http, tool=NEVER)
    assert types(first) == ["mcp_list_tools", "mcp_call", "message"]
    assert [tool["name"] for tool in first["output"][0]["tools"]] == ["find"]
    second = ask(http, tool=NEVER, previous_response_id=first["id"])
    assert types(second) == ["mcp_call", "message"]
    by_hand = [{"role": "user", "content": "Find x"}, *first["output"], {"role": "user", "content": "Again"}]
    assert types(ask(http, by_hand, NEVER)) == ["mcp_call", "message"]
    assert types(ask(http, by_hand, NEVER, store=False)) == ["mcp_call", "message"]


def test_two_scripted_calls_of_one_server_have_one_list(http):
    call = {"mcp_call": {**CALL, "output": "yes"}}
    script(http, {"then": [call, call, {"mcp_call": {**CALL, "server_label": "other", "output": "no"}}]})
    assert types(ask(http, tool=NEVER)) == [
        "mcp_list_tools", "mcp_call", "mcp_call", "mcp_list_tools", "mcp_call",
    ]  # fmt: skip


def test_a_scripted_list_is_filtered_by_allowed_tools(http):
    tools = ["find", {"name": "read", "description": "Reads.", "annotations": {"readOnlyHint": True}}]
    script(http, {"then": [{"mcp_list_tools": {"server_label": "github", "tools": tools}}]})
    found = {}
    for rule in (None, ["find"], {"read_only": True}):
        found[str(rule)] = [
            tool["name"] for tool in ask(http, tool={**TOOL, "allowed_tools": rule})["output"][0]["tools"]
        ]
    assert found == {"None": ["find", "read"], "['find']": ["find"], "{'read_only': True}": ["read"]}


def test_a_scripted_list_may_fail_and_does_not_count_as_listed(http):
    script(http, {"then": [{"mcp_list_tools": {"server_label": "github", "error": "401"}}, {"message": "Sorry."}]})
    failed = ask(http)
    assert failed["output"][0]["error"] == "401"
    script(http, {"priority": 1, "then": [{"mcp_call": {**CALL, "output": "yes"}}]})
    assert types(ask(http, tool=NEVER, previous_response_id=failed["id"])) == ["mcp_list_tools", "mcp_call"]


def test_a_scripted_call_waits_for_its_approval_and_nothing_is_said_before(http):
    script(
        http,
        {"name": "ask", "then": [{"mcp_call": {**CALL, "output": "yes"}}, {"message": "Found."}]},
    )
    first = ask(http)
    assert types(first) == ["mcp_list_tools", "mcp_approval_request"]
    request = first["output"][1]
    assert (request["name"], json.loads(request["arguments"])) == ("find", {"q": "x"})
    second = ask(http, approve(request), previous_response_id=first["id"])
    assert types(second) == ["mcp_call", "message"]
    assert second["output"][0]["approval_request_id"] == request["id"]
    third = ask(http, "Again", previous_response_id=second["id"])
    assert types(third) == ["mcp_approval_request"]
    fourth = ask(http, approve(third["output"][0]), previous_response_id=third["id"])
    assert fourth["output"][0]["approval_request_id"] == third["output"][0]["id"]


@pytest.mark.parametrize("chained", [True, False])
def test_a_script_matches_on_an_approval_and_knows_what_it_is_about(http, chained):
    refused = {"name": "mcp_approval_response", "json": {"approve": False, "name": "find"}}
    about = "{{ tool_output.server_label }} {{ tool_output.name }}: {{ tool_output.reason }}"
    script(
        http,
        {"when": {"input": "Find"}, "then": [{"mcp_call": {**CALL, "output": "y"}}]},
        {"when": {"tool_output": refused}, "then": [{"message": about}]},
        {"when": {"tool_output": "mcp_approval_response"}, "then": [{"mcp_call": {**CALL, "output": "found"}}]},
    )
    first = ask(http)
    request = of_type(first, "mcp_approval_request")

    def answer(*args, **more):
        given = approve(request, *args, **more)
        if chained:
            return ask(http, given, previous_response_id=first["id"])
        return ask(http, [{"role": "user", "content": "Find x"}, *first["output"], *given])

    assert answer(False, reason="not now")["output"][0]["content"][0]["text"] == "github find: not now"
    call = of_type(answer(True), "mcp_call")
    assert (call["output"], call["approval_request_id"]) == ("found", request["id"])


def test_an_approval_works_in_a_history_that_is_sent_by_hand(http):
    script(http, {"then": [{"mcp_call": {**CALL, "output": "yes"}}, {"message": "Found."}]})
    first = ask(http, store=False)
    history = [{"role": "user", "content": "Find x"}, *first["output"], *approve(first["output"][1])]
    second = ask(http, history, store=False)
    assert types(second) == ["mcp_call", "message"]
    assert second["output"][0]["approval_request_id"] == first["output"][1]["id"]
    history += [*second["output"], {"role": "user", "content": "Again"}]
    assert types(ask(http, history, store=False)) == ["mcp_approval_request"], "an approval is for one call"


def test_a_call_that_was_not_approved_is_not_made(http):
    script(http, {"then": [{"mcp_call": {**CALL, "output": "yes"}}, {"message": "As you wish."}]})
    first = ask(http)
    refused = ask(http, approve(first["output"][1], approve=False, reason="no"), previous_response_id=first["id"])
    assert types(refused) == ["message"]


def test_a_refusal_in_a_history_by_hand_is_not_for_ever(http):
    script(http, {"then": [{"mcp_call": {**CALL, "output": "yes"}}, {"message": "As you wish."}]})
    first = ask(http, store=False)
    history = [{"role": "user", "content": "Find x"}, *first["output"], *approve(first["output"][1], approve=False)]
    refused = ask(http, history, store=False)
    assert types(refused) == ["message"]
    again = [*history, *refused["output"], {"role": "user", "content": "Now do"}]
    assert types(ask(http, again, store=False)) == ["mcp_approval_request"]


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        ({"never": {"tool_names": ["find"]}}, False),
        ({"never": {"tool_names": ["other"]}}, True),
        ({"always": {"tool_names": ["find"]}, "never": {"tool_names": ["other"]}}, True),
    ],
)
def test_approval_may_depend_on_the_tool(http, rule, asks):
    script(http, {"then": [{"mcp_call": {**CALL, "output": "yes"}}]})
    assert ("mcp_approval_request" in types(ask(http, tool={**TOOL, "require_approval": rule}))) == asks


def test_a_script_may_ask_and_speak_by_itself(http):
    script(http, {"then": [{"mcp_approval_request": CALL}, {"message": "May I?"}]})
    assert types(ask(http)) == ["mcp_approval_request", "message"]


def test_a_template_reaches_arguments_and_output(http):
    call = {"server_label": "github", "name": "find", "arguments": {"q": "{{ input }}"}, "output": "{{ model }}"}
    script(http, {"then": [{"mcp_call": call}]})
    item = ask(http, tool=NEVER)["output"][1]
    assert (json.loads(item["arguments"]), item["output"]) == ({"q": "Find x"}, "gpt-4o")


def test_a_call_without_an_output_needs_a_server_that_may_be_called(http):
    script(http, {"then": [{"mcp_call": CALL}]})
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "tools": [NEVER]})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"], error["param"]) == (
        424, "external_connector_error", "http_error", "tools",
    )  # fmt: skip
    assert "The egress rule does not allow 'contoso.com:443'" in error["message"]


# A server that is scripted once


SERVER = {
    "when": {"tools": ["mcp"]},
    "then": [
        {
            "mcp_server": {
                "server_label": "github",
                "tools": [
                    {
                        "name": "search_code",
                        "description": "Search the code.",
                        "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}},
                        "output": {"hits": 3},
                    },
                    {"name": "delete_repo", "error": "not yours"},
                    "ping",
                ],
            }
        }
    ],
}


def test_a_scripted_server_is_listed_asked_about_and_called(http):
    script(http, SERVER)
    first = ask(http, "Search the code for x")
    assert types(first) == ["mcp_list_tools", "mcp_approval_request"]
    assert [tool["name"] for tool in first["output"][0]["tools"]] == ["search_code", "delete_repo", "ping"]
    second = ask(http, approve(first["output"][1]), previous_response_id=first["id"])
    assert [types(second), second["output"][0]["output"]] == [["mcp_call", "message"], '{"hits":3}']
    assert second["output"][1]["content"][0]["text"] == "search_code says: hits: 3."
    third = ask(http, "delete_repo now", NEVER, previous_response_id=second["id"])
    assert types(third) == ["mcp_call", "message"]
    assert third["output"][0]["error"]["content"][0]["text"] == "not yours"
    assert "delete_repo failed: not yours" in third["output"][1]["content"][0]["text"]


def test_a_scripted_server_obeys_the_choice_and_the_allowed_tools(http):
    script(http, SERVER)
    choice = {"type": "mcp", "server_label": "github", "name": "ping"}
    assert of_type(ask(http, "Search", NEVER, tool_choice=choice), "mcp_call")["name"] == "ping"
    only = {**NEVER, "allowed_tools": ["ping"]}
    assert of_type(ask(http, "Search", only), "mcp_call")["output"] == "Done."


def test_what_is_scripted_is_not_told_as_pretended(http):
    script(http, SERVER)
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "Search", "tools": [NEVER]})
    assert "x-emulator-warning" not in answer.headers


def test_the_shipped_script_answers(start_server):
    http = start_server(fixtures=Path(__file__).parents[3] / "fixtures" / "mcp.yaml", unmatched="reject").http()
    books = ask(http, "Search for books", {**NEVER, "server_label": "library"})
    assert [item["type"] for item in books["output"]] == ["mcp_list_tools", "mcp_call", "message"]
    assert "title: Momo" in books["output"][2]["content"][0]["text"]
    asked = ask(http, "When is the tide?", {**TOOL, "server_label": "harbour"})
    assert json.loads(of_type(asked, "mcp_approval_request")["arguments"]) == {"place": "When is the tide?"}


# The built-in model


def test_the_built_in_model_pretends_a_server_and_says_so(http):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "What is it?", "tools": [NEVER]})
    response = answer.json()
    assert types(response) == ["mcp_list_tools", "mcp_call", "message"]
    assert answer.headers["x-emulator-warning"] == "pretended_mcp_server: github"
    assert "pretended" in response["output"][1]["output"]
    assert types(response) == types(ask(http, "What is it?", NEVER)), "always the same"


def test_the_built_in_model_asks_for_approval_then_calls(http):
    first = ask(http, "What is it?")
    assert types(first) == ["mcp_list_tools", "mcp_approval_request"]
    second = ask(http, approve(first["output"][1]), previous_response_id=first["id"])
    assert types(second) == ["mcp_call", "message"]
    refused = ask(
        http, approve(first["output"][1], approve=False, reason="It is late."), previous_response_id=first["id"]
    )
    assert types(refused) == ["message"]
    assert "did not approve it: It is late." in refused["output"][0]["content"][0]["text"]


def test_arguments_fit_the_schema_of_the_pretended_tool(http):
    tool = {**NEVER, "allowed_tools": ["search_code"]}
    call = of_type(ask(http, "Where is main?", tool), "mcp_call")
    assert (call["name"], json.loads(call["arguments"])) == ("search_code", {"query": "Where is main?"})


def test_a_forced_tool_is_called(http):
    choice = {"type": "mcp", "server_label": "github", "name": "star_repo"}
    assert of_type(ask(http, "x", NEVER, tool_choice=choice), "mcp_call")["name"] == "star_repo"
    assert types(ask(http, "x", NEVER, tool_choice="none")) == ["message"]


def test_json_is_answered_where_it_is_asked_for(http):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    text = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
    answer = ask(http, "x", NEVER, text=text)
    assert isinstance(json.loads(answer["output"][-1]["content"][0]["text"])["n"], int)


def test_several_approvals_are_answered_in_one_turn(http):
    script(http, {"when": {"input": "two"}, "then": [{"mcp_approval_request": CALL}, {"mcp_approval_request": CALL}]})
    first = ask(http, "two")
    answers = [*approve(first["output"][0]), *approve(first["output"][1], approve=False)]
    second = ask(http, answers, previous_response_id=first["id"])
    assert types(second)[-2:] == ["mcp_call", "message"]
    assert "did not call find" in second["output"][-1]["content"][0]["text"]


# Errors


def refused(http: httpx.Client, **body) -> dict:
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", **body})
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def test_an_approval_of_nothing_and_a_second_one_are_refused(http):
    first = ask(http)
    request = first["output"][1]
    unknown = refused(http, input=approve({"id": "mcpr_1"}), tools=[TOOL])
    assert (unknown["param"], unknown["message"]) == ("input", "No approval request found with id 'mcpr_1'.")
    twice = [*approve(request), *approve(request)]
    assert refused(http, input=twice, tools=[TOOL], previous_response_id=first["id"])["param"] == "input"
    second = ask(http, approve(request), previous_response_id=first["id"])
    again = refused(http, input=approve(request), tools=[TOOL], previous_response_id=second["id"])
    assert again["message"] == f"No approval request found with id '{request['id']}'."


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{"type": "mcp", "server_url": "https://a.b"}], "tools[0].server_label"),
        ([{"type": "mcp", "server_label": "a"}], "tools[0].server_url"),
        ([{**TOOL, "server_url": "contoso"}], "tools[0].server_url"),
        ([{**TOOL, "server_url": "file:///etc/passwd"}], "tools[0].server_url"),
        ([TOOL, {**TOOL, "server_url": "https://other.com"}], "tools[1].server_label"),
        ([{**TOOL, "require_approval": "sometimes"}], "tools[0].require_approval"),
    ],
)
def test_a_server_that_is_offered_wrongly_is_refused(http, tools, param):
    assert refused(http, tools=tools)["param"] == param


@pytest.mark.parametrize("tools", ["x", [1], [{"name": 1}], {}, None])
def test_a_list_of_nonsense_that_comes_back_breaks_nothing(http, tools):
    items = [{"type": "mcp_list_tools", "server_label": "github", "tools": tools}, {"role": "user", "content": "x"}]
    assert types(ask(http, items, NEVER))[-1] == "message"
