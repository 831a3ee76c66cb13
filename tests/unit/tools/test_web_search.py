"""Web search: its events in their order, its short form, and what the built-in model does with it."""

import pytest

from emulator.core.hosted import HostedCall
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.plan import Message, Plan
from tests.plans import events_of, whole_log


def step_of(said):
    (step,) = from_dict({"then": [{"web_search_call": said}]}, "here").then.steps
    return step


def test_the_events_are_those_of_the_service_in_their_order():
    _, lines = whole_log(Plan((HostedCall("web_search_call", {"action": {"type": "search", "query": "cats"}}),)))
    events = events_of(lines)[2:-1]
    assert [event["type"].removeprefix("response.") for event in events] == [
        "output_item.added",
        "web_search_call.in_progress",
        "web_search_call.searching",
        "web_search_call.completed",
        "output_item.done",
    ]
    added, done = events[0]["item"], events[-1]["item"]
    assert added == {**done, "status": "in_progress", "action": {"type": "search", "query": ""}}
    assert (done["id"][:3], done["status"], done["action"]["query"]) == ("ws_", "completed", "cats")


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("cats", {"type": "search", "query": "cats"}),
        ({"query": "c", "sources": ["u"]}, {"type": "search", "query": "c", "sources": [{"type": "url", "url": "u"}]}),
        ({"open_page": "u"}, {"type": "open_page", "url": "u"}),
        ({"find": "cat", "url": "u"}, {"type": "find_in_page", "pattern": "cat", "url": "u"}),
    ],
)  # fmt: skip
def test_a_short_form_is_its_action(said, action):
    assert step_of(said) == HostedCall("web_search_call", {"action": action})


def test_a_search_can_fail():
    assert step_of({"query": "cats", "status": "failed"}).fields["status"] == "failed"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "must not be empty"),
        ({}, "needs 'query', 'open_page' or 'find'"),
        ({"find": "cat"}, "needs 'url' beside 'find'"),
        ({"quer": "cat"}, "did you mean 'query'"),
    ],
)
def test_a_wrong_short_form_is_refused(said, told):
    with pytest.raises(FixtureError, match=rf"web_search_call.* {told}"):
        step_of(said)


def test_sources_are_shown_to_who_asked_for_them(start_server):
    http = start_server().http()
    then = [{"web_search_call": {"query": "cats", "sources": ["u"]}}, {"message": "Done."}]
    http.post(f"{http.base_url.copy_with(path='/')}_emulator/fixtures", json={"then": then})
    asked = {"model": "gpt-4o", "input": "x", "tools": [{"type": "web_search"}]}
    plain = http.post("/responses", json=asked).json()
    whole = http.post("/responses", json={**asked, "include": ["web_search_call.action.sources"]}).json()
    assert plain["output"][0]["action"] == {"type": "search", "query": "cats"}
    assert whole["output"][0]["action"]["sources"] == [{"type": "url", "url": "u"}]
    again = http.get(f"/responses/{plain['id']}", params={"include[]": "web_search_call.action.sources"}).json()
    assert again["output"][0]["action"]["sources"] == [{"type": "url", "url": "u"}]
    streamed = {**asked, "stream": True}
    assert '"sources"' not in http.post("/responses", json=streamed).text
    streamed["include"] = ["web_search_call.action.sources"]
    assert '"sources"' in http.post("/responses", json=streamed).text


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "web_search"}])
def test_the_built_in_model_searches_for_the_prompt_then_answers(http, choice):
    asked = {"model": "gpt-4o", "input": "What is a cat?", "tools": [{"type": "web_search"}], "tool_choice": choice}
    search, message = http.post("/responses", json=asked).json()["output"]
    assert search["action"] == {"type": "search", "query": "What is a cat?"}
    assert message["type"] == "message"


@pytest.mark.parametrize("choice", ["none", {"type": "function", "name": "f"}])
def test_a_tool_that_was_not_chosen_does_not_run(http, choice):
    tools = [{"type": "web_search"}, {"type": "function", "name": "f"}]
    asked = {"model": "gpt-4o", "input": "What is a cat?", "tools": tools, "tool_choice": choice}
    types = [item["type"] for item in http.post("/responses", json=asked).json()["output"]]
    assert "web_search_call" not in types


def test_calls_of_functions_come_before_hosted_tools(http):
    tools = [{"type": "web_search"}, {"type": "function", "name": "get_cat"}]
    asked = {"model": "gpt-4o", "input": "get_cat please", "tools": tools}
    assert [item["type"] for item in http.post("/responses", json=asked).json()["output"]] == ["function_call"]


def test_a_message_may_follow_a_search():
    log, _ = whole_log(
        Plan((HostedCall("web_search_call", {"action": {"type": "search", "query": "x"}}), Message("y")))
    )
    assert [item["type"] for item in log.response["output"]] == ["web_search_call", "message"]
