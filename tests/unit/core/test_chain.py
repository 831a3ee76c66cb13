from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.chain import ChainState, answers, check_outputs, match_outputs
from emulator.core.errors import ApiError
from emulator.core.usage import count_items


def call(call_id, name="get_weather"):
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": "{}"}


def output(call_id, kind="function_call_output"):
    return {"type": kind, "call_id": call_id, "output": "ok"}


def ended(*items):
    return {"output": list(items), "usage": None}


def test_a_state_survives_being_saved():
    state = ChainState(3, 120, {"call_1": ("function_call", "f")}, {"mcpr_1": {"a": 1}}, {"github": "mcpl_1"}, "cntr_1")
    state = replace(state, picture="a cat", safety={"call_2": ["cu_sc_1"]})
    assert ChainState.from_json(state.to_json()) == state


def test_a_turn_counts_depth_and_tokens_and_opens_its_calls():
    said, made = {"type": "message", "content": [{"type": "input_text", "text": "one two"}]}, call("call_1")
    state = ChainState(tokens=5).after([said]).with_output(ended(made))
    assert (state.depth, state.tokens) == (1, 5 + count_items([said]) + count_items([made]))
    assert state.open_calls == {"call_1": ("function_call", "get_weather")}


def test_an_output_closes_its_call():
    state = ChainState(open_calls={"call_1": ("function_call", "f")}).after([output("call_1")])
    assert state.open_calls == {}


def test_a_failed_turn_without_usage_adds_no_tokens():
    assert ChainState(1, 5).with_output({"output": [], "usage": None}).tokens == 5


def test_a_call_that_was_cut_off_needs_no_output():
    assert ChainState().after([]).with_output(ended({**call("call_1"), "status": "incomplete"})).open_calls == {}


def test_an_output_finds_its_call_in_the_chain_or_before_it_in_the_input():
    state = ChainState(open_calls={"call_1": ("function_call", "f")})
    assert match_outputs(state, [output("call_1"), call("call_2", "g"), output("call_2")]) == {
        "call_1": ("function_call", "f"),
        "call_2": ("function_call", "g"),
    }


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([output("call_x")], "No tool call found for function call output with call_id call_x."),
        ([output("call_2"), call("call_2")], "No tool call found for function call output with call_id call_2."),
        (
            [call("call_1"), output("call_1", "custom_tool_call_output")],
            "No tool call found for custom tool call output with call_id call_1.",
        ),
        ([call("call_1")], "No tool output found for function call call_1."),
        ([{"type": "message"}, call("call_1"), {"type": "message"}], "No tool output found for function call call_1."),
    ],
)
def test_calls_and_outputs_must_match(items, message):
    with pytest.raises(ApiError) as caught:
        match_outputs(ChainState(), items)
    assert caught.value.message == message
    assert caught.value.param == "input"


def test_a_call_left_open_by_the_chain_needs_its_output_now():
    state = ChainState(open_calls={"call_1": ("function_call", "f")})
    with pytest.raises(ApiError, match="No tool output found for function call call_1"):
        match_outputs(state, [{"type": "message"}])


@given(st.lists(st.sampled_from("abcdef"), unique=True))
def test_what_is_open_after_a_turn_is_what_the_next_turn_must_answer(names):
    state = ChainState().after([]).with_output(ended(*(call(name) for name in names)))
    assert set(match_outputs(state, [output(name) for name in names])) == set(names)


def test_reasoning_is_context_until_the_next_user_message():
    thought = {"output": [call("call_1")], "usage": {"output_tokens_details": {"reasoning_tokens": 64}}}
    state = ChainState().after([]).with_output(thought)
    assert (state.thought, state.context) == (64, state.tokens + 64)
    looped = state.after([output("call_1")])
    assert looped.thought == 64
    back = [{"type": "reasoning", "id": "rs_1"}, {"type": "reasoning", "id": "rs_2"}]
    assert looped.after(back, thoughts={"rs_1": 8}).thought == 72
    asked = [*back, {"type": "message", "role": "user", "content": []}]
    assert looped.after(asked, thoughts={"rs_1": 8}).thought == 0


def looked(call_id="call_1", *checks):
    pending = [{"id": check, "code": "malicious", "message": "Hm."} for check in checks]
    return {"type": "computer_call", "call_id": call_id, "action": {}, "pending_safety_checks": pending}


def seen(call_id="call_1", *checks):
    given = {"acknowledged_safety_checks": [{"id": check} for check in checks]} if checks else {}
    return {**output(call_id, "computer_call_output"), **given}


def test_a_computer_call_needs_its_screenshot_and_that_needs_its_call():
    state = ChainState().after([]).with_output(ended(looked()))
    with pytest.raises(ApiError, match=r"No tool output found for computer call call_1\."):
        match_outputs(state, [])
    with pytest.raises(ApiError, match=r"No tool call found for computer call output with call_id call_2\."):
        match_outputs(state, [seen(), seen("call_2")])
    assert match_outputs(state, [seen()]) == {"call_1": ("computer_call", "")}


@pytest.mark.parametrize("acknowledged", [(), ("cu_sc_1",), ("cu_sc_2", "cu_sc_x")])
@pytest.mark.parametrize("chained", [True, False])
def test_every_pending_safety_check_must_be_acknowledged(acknowledged, chained):
    call = looked("call_1", "cu_sc_1", "cu_sc_2")
    state = ChainState().after([]).with_output(ended(call)) if chained else ChainState()
    before = [] if chained else [call]
    with pytest.raises(ApiError, match="must be acknowledged: 'cu_sc_") as caught:
        match_outputs(state, [*before, seen("call_1", *acknowledged)])
    assert (caught.value.param, caught.value.row.status) == ("input", 400)
    assert match_outputs(state, [*before, seen("call_1", "cu_sc_2", "cu_sc_1")])


def test_safety_checks_are_forgotten_with_their_call():
    state = ChainState().after([]).with_output(ended(looked("call_1", "cu_sc_1")))
    assert state.safety == {"call_1": ["cu_sc_1"]}
    assert state.after([seen("call_1", "cu_sc_1")]).safety == {}


@pytest.mark.parametrize("checks", [None, [], ["x"], [{}], [{"id": None}], [3]])
def test_odd_safety_checks_of_a_call_that_is_sent_back_are_none(checks):
    assert match_outputs(ChainState(), [{**looked(), "pending_safety_checks": checks}, seen()])


def test_the_last_picture_of_a_chain_is_known():
    drawn = {"type": "image_generation_call", "id": "ig_1", "result": "aGk=", "revised_prompt": "a cat"}
    state = ChainState().after([]).with_output(ended(drawn))
    assert state.picture == "a cat"
    assert state.after([{**drawn, "result": None, "revised_prompt": "a dog"}]).picture == "a cat"


def said(role, text):
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ([], 0),
        ([said("user", "one")], 0),
        ([said("user", "one"), said("assistant", "two"), said("user", "three"), said("assistant", "four")], 2),
        ([THOUGHT, call("call_1"), output("call_1"), said("assistant", "two")], 2),
        ([THOUGHT, said("assistant", "one"), call("call_1")], 1),
    ],
)
def test_what_a_model_says_in_one_go_is_one_answer(items, count):
    assert answers(items) == count
    assert ChainState(depth=1).with_items(items).depth == 1 + count


def test_items_that_nobody_answers_count_and_open_their_calls():
    state = ChainState(tokens=5).with_items([said("user", "one two"), call("call_1")], attached=7)
    assert state.tokens == 5 + count_items([said("user", "one two"), call("call_1")]) + 7
    assert state.open_calls == {"call_1": ("function_call", "get_weather")}


def test_a_state_without_an_item_is_that_of_the_others():
    items = [said("user", "one"), THOUGHT, call("call_1"), output("call_1"), said("user", "two")]
    whole = replace(ChainState().with_items(items), fixture="weather", hits={"f": 1}, depth=3)
    left = [item for item in items if item["type"] != "function_call_output"]
    rebuilt = whole.rebuilt(left)
    assert rebuilt.tokens == count_items(left)
    assert rebuilt.open_calls == {"call_1": ("function_call", "get_weather")}
    assert (rebuilt.depth, rebuilt.fixture, rebuilt.hits) == (3, "weather", {"f": 1})
    assert whole.rebuilt(items) == whole


def test_reasoning_is_context_as_long_as_it_is_there():
    items = [said("user", "one"), THOUGHT, call("call_1")]
    state = replace(ChainState().with_items(items), thought=40)
    assert state.rebuilt(items).thought == 40
    assert state.rebuilt([items[0], items[2]]).thought == 0


def test_a_call_may_wait_for_its_output_where_more_items_come():
    answered, still_open = check_outputs(ChainState(), [call("call_1"), call("call_2"), output("call_1")])
    assert (list(answered), list(still_open)) == (["call_1"], ["call_2"])
    with pytest.raises(ApiError, match="No tool call found"):
        check_outputs(ChainState(), [output("call_1")])
