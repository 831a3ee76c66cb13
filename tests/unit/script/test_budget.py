"""Steps are cut to a budget of tokens and never cost more than it."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.usage import count
from emulator.script.fallback import limit, output_tokens
from emulator.script.plan import CustomToolCall, FunctionCall, Message, Reasoning, Refusal

STEPS = st.lists(
    st.one_of(
        st.builds(Message, st.text(max_size=40)),
        st.builds(Refusal, st.text(max_size=40)),
        st.builds(Reasoning, st.just(("thought",)), st.integers(0, 100)),
        st.builds(FunctionCall, st.just("get"), st.text(max_size=40)),
        st.builds(CustomToolCall, st.just("get"), st.text(max_size=40)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(STEPS, st.integers(min_value=1, max_value=80))
def test_cut_steps_fit_the_budget_and_uncut_ones_are_whole(steps, most):
    kept, was_cut = limit(steps, most)
    total, reasoning = output_tokens(kept)
    assert reasoning <= total <= most
    assert was_cut == (output_tokens(steps)[0] > most)
    assert kept if was_cut else kept == steps
    assert [type(step) for step in kept] == [type(step) for step in steps[: len(kept)]]
    assert kept[:-1] == steps[: len(kept) - 1]


def test_without_a_budget_nothing_is_cut():
    assert limit((Message("hi"),), None) == ((Message("hi"),), False)


def test_reasoning_takes_the_budget_first():
    steps = (Reasoning(("thought",), 128), Message("hello there"))
    assert limit(steps, 100) == ((Reasoning((), 100),), True)
    assert limit(steps, 128) == ((steps[0],), True)
    assert limit(steps, 129) == ((steps[0], Message("hello")), True)
    assert output_tokens(steps) == (130, 128)


def test_annotations_outside_the_cut_text_go():
    note = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 5,
        "url": "https://example.com",
        "title": "t",
    }
    later = {**note, "end_index": 11}
    kept, _ = limit((Message("hello there", (note, later)),), 1)
    assert kept == (Message("hello", (note,)),)


def test_output_tokens_count_texts_and_names():
    assert output_tokens((FunctionCall("get", "{}"),)) == (3, 0)
    assert output_tokens((Message("one two"),)) == (count("one two"), 0)
