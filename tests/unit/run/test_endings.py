"""How a log ends, whatever was said before: what is closed, in which order, and what the Response then holds."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.fold import fold
from emulator.core.log import EventLog
from emulator.core.states import END_EVENTS
from emulator.script.plan import CustomToolCall, Ending, FunctionCall, Message, Plan, Reasoning, Refusal
from tests.plans import HOSTED, as_typed, events_of, plans, whole_log

FAILED = Ending("failed", code="server_error", message="Down.")
FILTERED = Ending("incomplete", reason="content_filter")
CUT = Ending("incomplete", reason="max_output_tokens")
# Everything that an item can be while it is made; each is the last one when the run ends.
LAST = (
    Message("Once upon"),
    Refusal("I can"),
    Reasoning(("Why",), text="Why"),
    FunctionCall("f", '{"a":'),
    CustomToolCall("sql", "SELE"),
    *HOSTED,
)
# What opens, and what closes it: the same item, part or text.
PAIRS = {
    "response.output_item.added": "response.output_item.done",
    "response.content_part.added": "response.content_part.done",
    "response.reasoning_summary_part.added": "response.reasoning_summary_part.done",
}
PLACE = ("output_index", "content_index", "summary_index")
# Items that no answer leaves half made: without a status, done before anything is cut, or of a type that cannot say so.
WHOLE = {
    "reasoning",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_call",
    "web_search_call",
    "image_generation_call",
    "shell_call_output",
    "apply_patch_call",
}


def place(event):
    return tuple(event.get(name) for name in PLACE)


@given(plans, st.booleans())
def test_everything_that_was_opened_is_closed_before_the_end_innermost_first(plan, background):
    _, lines = whole_log(plan, background=background)
    opened = []
    for event in events_of(lines):
        if event["type"] in PAIRS:
            opened.append((PAIRS[event["type"]], place(event)))
        elif event["type"] in PAIRS.values():
            assert (event["type"], place(event)) == opened.pop()
        elif event["type"] in {"error", *END_EVENTS}:
            assert not opened


@given(plans, st.booleans())
def test_the_error_event_stands_right_before_a_failure_where_it_is_asked_for(plan, background):
    log, lines = whole_log(plan, background=background)
    events = events_of(lines)
    told = [number for number, event in enumerate(events) if event["type"] == "error"]
    if plan.ending.error_event not in ("nested", "flat"):
        assert not told
        return
    assert told == [len(events) - 2]
    assert events[-1]["type"] == "response.failed"
    error = as_typed(events[-2])
    assert {name: error[name] for name in ("code", "message")} == log.response["error"]
    assert error["param"] is None
    nested = {"type", "code", "message", "param"} == set(events[-2].get("error", ()))
    assert nested == (plan.ending.error_event == "nested")


@given(plans)
def test_the_response_says_how_it_ended_and_nothing_else(plan):
    log, _ = whole_log(plan)
    response, ending = log.response, plan.ending
    assert response["status"] == ending.status
    assert (response["error"] is not None) == (ending.status == "failed")
    assert response["incomplete_details"] == ({"reason": ending.reason} if ending.status == "incomplete" else None)
    assert (response["completed_at"] is not None) == (ending.status == "completed")
    assert (response["usage"] is None) == (ending.status == "failed")


@pytest.mark.parametrize("ending", [CUT, FILTERED], ids=["max_output_tokens", "content_filter"])
@pytest.mark.parametrize("last", LAST, ids=lambda step: getattr(step, "type", step.kind))
def test_an_answer_cut_in_any_item_says_so_of_that_item_alone(last, ending):
    log, lines = whole_log(Plan((Message("Hello."), last), ending=ending))
    assert events_of(lines)[-1]["type"] == "response.incomplete"
    first, item = log.response["output"]
    assert first["status"] == "completed"
    if item["type"] in WHOLE:
        assert item.get("status") in (None, "completed", "failed")
    else:
        own = getattr(last, "fields", {}).get("status")
        assert item["status"] == (own or "incomplete")


@pytest.mark.parametrize("event", [None, "nested", "flat"])
@pytest.mark.parametrize("last", LAST, ids=lambda step: getattr(step, "type", step.kind))
def test_a_failure_after_any_item_keeps_what_was_said(last, event):
    ending = Ending("failed", code="server_error", message="Down.", error_event=event)
    log, lines = whole_log(Plan((last,), ending=ending))
    kinds = Counter(line["type"] for line in events_of(lines))
    assert kinds["error"] == (event is not None)
    assert [item["type"] for item in log.response["output"]] == [
        line["item"]["type"] for line in events_of(lines) if line["type"] == "response.output_item.added"
    ]
    assert log.response["error"] == {"code": "server_error", "message": "Down."}


@given(plans, st.data())
def test_a_cancel_in_the_midst_of_anything_is_one_last_event_and_no_output(plan, data):
    _, lines = whole_log(plan, background=True)
    before = events_of(lines)[:-1]
    seen = before[: data.draw(st.integers(1, len(before)))]
    log = EventLog(fold(seen), next_seq=len(seen))
    log.append("response.failed", response={"status": "cancelled", "output": []})
    told = {name: log.response[name] for name in ("status", "output", "error", "incomplete_details", "usage")}
    assert told == {
        "status": "cancelled",
        "output": [],
        "error": None,
        "incomplete_details": None,
        "usage": None,
    }
