"""File search: its events in their order, its short form, and what a message cites of it."""

import pytest

from emulator.core.hosted import HostedCall
from emulator.core.ids import digest
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.plan import Message, Plan
from tests.plans import FOUND, events_of, prepared, whole_log


def step_of(said):
    (step,) = from_dict({"then": [{"file_search_call": said}]}, "here").then.steps
    return step


def cited(*steps):
    return [note for step in prepared(steps) if isinstance(step, Message) for note in step.annotations]


def test_the_events_are_those_of_the_service_in_their_order():
    _, lines = whole_log(Plan((HostedCall("file_search_call", {"queries": ["cats"], "results": [FOUND]}),)))
    events = events_of(lines)[2:-1]
    assert [event["type"].removeprefix("response.") for event in events] == [
        "output_item.added",
        "file_search_call.in_progress",
        "file_search_call.searching",
        "file_search_call.completed",
        "output_item.done",
    ]
    added, done = events[0]["item"], events[-1]["item"]
    assert added == {**done, "status": "in_progress", "queries": [], "results": None}
    assert (done["id"][:3], done["queries"], done["results"]) == ("fs_", ["cats"], [FOUND])


def test_a_search_that_failed_has_no_completed_event():
    _, lines = whole_log(Plan((HostedCall("file_search_call", {"queries": ["x"], "results": [], "status": "failed"}),)))
    events = events_of(lines)
    assert "response.file_search_call.completed" not in [event["type"] for event in events]
    assert events[-1]["response"]["output"][0]["status"] == "failed"


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ("cats", {"queries": ["cats"]}),
        ({"query": "c", "status": "incomplete"}, {"queries": ["c"], "status": "incomplete"}),
        ({"queries": ["c", "d"], "results": []}, {"queries": ["c", "d"], "results": []}),
        (
            {"query": "c", "results": [{"filename": "a.md", "score": 0.5, "attributes": {"year": 1}}]},
            {"queries": ["c"], "results": [{"filename": "a.md", "score": 0.5, "attributes": {"year": 1}}]},
        ),
    ],
)
def test_a_short_form_is_its_queries_and_results(said, fields):
    assert step_of(said) == HostedCall("file_search_call", fields)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "must not be empty"),
        ({}, "needs either 'query' or 'queries'"),
        ({"query": "a", "queries": ["b"]}, "needs either 'query' or 'queries'"),
        ({"queries": []}, "must"),
        ({"quer": "cat"}, "did you mean 'query'"),
        ({"query": "a", "results": [{"text": "b"}]}, "needs 'filename'"),
        ({"query": "a", "results": [{"filename": "b", "score": 2}]}, "must be a number from 0 to 1"),
        ({"query": "a", "results": [{"filename": "b", "attributes": {"c": []}}]}, "must be text, a number, true"),
    ],
)  # fmt: skip
def test_a_wrong_short_form_is_refused(said, told):
    with pytest.raises(FixtureError, match=rf"file_search_call.* {told}"):
        step_of(said)


def test_a_result_gets_what_it_leaves_out():
    (call,) = prepared([HostedCall("file_search_call", {"queries": ["c"], "results": [{"filename": "a.md"}]})])
    whole = {"attributes": {}, "file_id": f"file-{digest('a.md')}", "filename": "a.md", "score": 1.0, "text": ""}
    assert call.fields["results"] == [whole]


OTHER = {**FOUND, "file_id": "file-2", "filename": "b.md"}
CALL = HostedCall("file_search_call", {"queries": ["c"], "results": [FOUND, OTHER]})


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("See b.md for more.", [("file-2", "b.md", 8)]),
        ("b.md and a.md", [("file-1", "a.md", 13), ("file-2", "b.md", 4)]),
        ("It is so.", [("file-1", "a.md", 9)]),
        ("Not data.md but (b.md).", [("file-2", "b.md", 21)]),
    ],
)
def test_a_message_cites_the_files_that_it_names_or_the_best(text, notes):
    assert [(note["file_id"], note["filename"], note["index"]) for note in cited(CALL, Message(text))] == notes


def test_a_message_keeps_its_own_citations_and_the_next_one_has_none():
    own = {"type": "file_citation", "file_id": "file-9", "filename": "x", "index": 0}
    assert cited(CALL, Message("a.md", (own,)), Message("a.md")) == [own]
    assert cited(HostedCall("file_search_call", {"queries": ["c"], "results": []}), Message("x")) == []


def test_what_is_billed_of_a_call_is_its_queries():
    assert CALL.written() == "c"
    assert HostedCall("file_search_call", {"queries": ["c", "d"], "results": [FOUND]}).written() == "c\nd"


def test_code_and_a_search_are_both_cited():
    made = {"files": {"t.csv": ""}, "file_ids": {"t.csv": "cfile_1"}, "container_id": "cntr_1"}
    code = HostedCall("code_interpreter_call", {"code": "1", "outputs": [], **made})
    kinds = [note["type"] for note in cited(code, CALL, Message("a.md"))]
    assert kinds == ["container_file_citation", "file_citation"]
