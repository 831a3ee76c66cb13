"""The laws of a log, for every plan that can be made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from emulator.core.fold import fold
from emulator.core.log import EventLog
from emulator.core.states import END_EVENTS, LogClosed
from emulator.run.timeline import NEVER, Gates, cut_text, timeline
from emulator.script.plan import Ending, Events, Item, Message, Pace, Plan, Progress, Wait
from tests.plans import RESPONSE_ID, STARTED, as_typed, events_of, paces, plans, texts, whole_log

EVENTS = TypeAdapter(ResponseStreamEvent)
# Which done event repeats what these deltas said, and under which field.
DONE_FIELD = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.mcp_call_arguments": "arguments",
    "response.reasoning_summary_text": "text",
    "response.shell_call_command": "command",
    "response.code_interpreter_call_code": "code",
    "response.reasoning_text": "text",
}
PLACE = ("item_id", "output_index", "content_index", "summary_index", "command_index")


@given(plans, st.booleans())
def test_the_fold_is_the_last_events_response(plan, background):
    log, lines = whole_log(plan, background=background)
    events = events_of(lines)
    assert fold(events) == log.response == events[-1]["response"]
    assert log.response["status"] == plan.ending.status


@given(plans, st.booleans())
def test_numbers_run_from_zero_without_a_gap(plan, background):
    _, lines = whole_log(plan, background=background)
    assert [event["sequence_number"] for event in events_of(lines)] == list(range(len(lines)))


@given(plans)
def test_a_log_has_one_end_and_it_is_last(plan):
    _, lines = whole_log(plan)
    ends = [event["type"] in END_EVENTS for event in events_of(lines)]
    assert ends == [False] * (len(lines) - 1) + [True]


@given(plans)
def test_joined_deltas_are_the_text_that_the_done_event_repeats(plan):
    _, lines = whole_log(plan)
    said = {}
    for event in events_of(lines):
        kind, _, last = event["type"].rpartition(".")
        place = (kind, *(event.get(name) for name in PLACE))
        if last == "delta" and isinstance(event["delta"], str):
            said[place] = said.get(place, "") + event["delta"]
        elif last == "done" and kind in DONE_FIELD:
            assert said.pop(place, "") == event[DONE_FIELD[kind]]
    assert not said


@given(plans)
def test_items_are_blocks_in_order_of_their_index(plan):
    _, lines = whole_log(plan)
    open_index, done = None, 0
    for event in events_of(lines):
        if event["type"] == "response.output_item.added":
            assert open_index is None
            assert event["output_index"] == done
            open_index = done
        elif "output_index" in event:
            assert event["output_index"] == open_index
        if event["type"] == "response.output_item.done":
            open_index, done = None, done + 1
    assert open_index is None
    assert done == sum(not isinstance(step, Events | Wait) for step in plan.steps)


@given(plans, st.booleans())
def test_every_event_is_one_that_the_official_types_know(plan, background):
    _, lines = whole_log(plan, background=background)
    for event in events_of(lines):
        checked = EVENTS.validate_python(as_typed(event))
        assert checked.type == event["type"]


@given(plans)
def test_the_official_accumulator_reaches_the_same_output(plan):
    log, lines = whole_log(plan)
    state = ResponseStreamState(input_tools=[], text_format=omit)
    for event in events_of(lines)[:-1]:
        if event["type"] == "error":  # the client raises it, or hands it on, before it folds anything
            continue
        state.handle_event(EVENTS.validate_python(event))
    snapshot = state._ResponseStreamState__current_snapshot
    for got, item in zip(snapshot.output, log.response["output"], strict=True):
        assert (got.id, got.type) == (item["id"], item["type"])
        if item["type"] == "message":
            # The client's own fold leaves refusals as they were when their part was added.
            said = [part.text for part in got.content if part.type == "output_text"]
            assert said == [part["text"] for part in item["content"] if part["type"] == "output_text"]
        elif item["type"] == "function_call":
            assert got.arguments == item["arguments"]


@given(plans, st.booleans(), st.integers(0, 40))
def test_cancelling_after_any_event_leaves_one_valid_end(plan, background, after):
    _, lines = whole_log(plan, background=background)
    seen = events_of(lines)[:-1][: after + 1]
    log = EventLog(fold(seen), next_seq=len(seen))
    seen += events_of([log.append("response.failed", response={"status": "cancelled", "output": []})])
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    assert [event["type"] in END_EVENTS for event in seen] == [False] * (len(seen) - 1) + [True]
    last = EVENTS.validate_python(seen[-1])
    assert (last.response.status, last.response.output) == ("cancelled", [])
    assert fold(seen) == log.response == seen[-1]["response"]
    with pytest.raises(LogClosed):
        log.append("response.output_text.delta", delta="x")


@given(plans, st.booleans())
def test_the_same_plan_gives_the_same_bytes_each_time(plan, background):
    assert whole_log(plan, background=background)[1] == whole_log(plan, background=background)[1]
    saved = Plan.from_json(plan.to_json())
    assert saved == plan
    assert whole_log(saved)[1] == whole_log(plan)[1]


@given(plans)
def test_events_are_due_in_order(plan):
    dues = [due.at for due in timeline(plan, RESPONSE_ID, STARTED, background=False, gates=Gates())]
    assert dues == sorted(dues)
    assert dues[0] == 0.0


@given(texts, paces)
def test_chunks_joined_are_the_text_and_none_is_empty(text, pace):
    chunks = list(cut_text(text, pace.chunk))
    assert "".join(chunks) == text
    assert all(chunks)


def test_pacing_puts_the_first_delta_after_first_and_each_further_one_after_every():
    plan = Plan((Message("one two three"),), pace=Pace("word", first=0.3, every=0.02))
    dues = timeline(plan, RESPONSE_ID, STARTED, background=False, gates=Gates())
    assert [round(due.at, 6) for due in dues if due.type.endswith(".delta")] == [0.3, 0.32, 0.34]


def test_a_gate_that_is_shut_holds_the_run_back():
    plan = Plan((Message("hello"),), progress=Progress(polls=2))
    dues = {due.type: due.at for due in timeline(plan, RESPONSE_ID, STARTED, background=True, gates=Gates(4.0, NEVER))}
    assert dues["response.queued"] == 0.0
    assert dues["response.in_progress"] == 4.0
    assert "response.completed" not in dues


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_only_the_last_item_of_an_incomplete_answer_is_incomplete(status):
    plan = Plan((Message("a"), Message("b")), ending=Ending(status, reason="max_output_tokens"))
    log, _ = whole_log(plan)
    assert [item["status"] for item in log.response["output"]] == ["completed", status]


def test_a_wait_delays_all_that_comes_after_it():
    plan = Plan((Message("a"), Wait(1.5), Message("b")))
    dues = [due.at for due in timeline(plan, RESPONSE_ID, STARTED, background=False, gates=Gates())]
    assert sorted(set(dues)) == [0.0, 1.5]
    log, _ = whole_log(plan)
    assert log.response["completed_at"] == int(STARTED + 1.5)


def test_raw_events_are_sent_between_the_items_and_numbered():
    plan = Plan((Message("a"), Events(({"type": "response.x", "more": [1]},)), Message("b")))
    events = events_of(whole_log(plan)[1])
    at = next(number for number, event in enumerate(events) if event["type"] == "response.x")
    assert events[at] == {"type": "response.x", "sequence_number": at, "more": [1]}
    assert (events[at - 1]["type"], events[at + 1]["type"]) == (
        "response.output_item.done",
        "response.output_item.added",
    )


def test_a_raw_item_gets_what_it_left_out_and_keeps_what_it_says():
    plan = Plan(
        (
            Item({"type": "function_call", "name": "f", "arguments": "{}"}),
            Item({"type": "reasoning", "id": "rs_mine", "summary": []}),
        )
    )
    log, lines = whole_log(plan)
    call, thought = log.response["output"]
    assert (call["id"][:3], call["call_id"][:5], call["status"]) == ("fc_", "call_", "completed")
    assert thought == {"id": "rs_mine", "type": "reasoning", "summary": []}
    added = [event["item"] for event in events_of(lines) if event["type"] == "response.output_item.added"]
    assert [item.get("status") for item in added] == ["in_progress", None]


@pytest.mark.parametrize(("text", "deltas"), [("abc", ["a", "bc"]), ("a b", ["a", " b"])])
def test_a_list_of_chunks_is_the_deltas_of_the_text_that_it_makes_up_and_of_no_other(text, deltas):
    plan = Plan((Message(text),), pace=Pace(("a", "bc")))
    events = events_of(whole_log(plan)[1])
    assert [event["delta"] for event in events if event["type"].endswith(".delta")] == deltas
