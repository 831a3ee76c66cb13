"""The token estimate keeps its laws for every text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import usage

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="ab 1\n\t_.,中文가 é", max_size=60),
)


@given(TEXTS)
def test_joined_pieces_are_the_text(text):
    assert "".join(usage.pieces(text)) == text
    assert "" not in usage.pieces(text)


@given(TEXTS)
def test_count_is_the_number_of_pieces(text):
    assert usage.count(text) == len(usage.pieces(text))


@given(TEXTS, TEXTS)
def test_more_text_never_costs_less_by_more_than_a_seam(first, second):
    whole = usage.count(first + second)
    assert whole >= usage.count(first) - 1
    assert whole <= usage.count(first) + usage.count(second) + 1


@given(TEXTS, st.integers(min_value=-1, max_value=20))
def test_a_cut_text_is_its_first_pieces(text, tokens):
    assert usage.cut(text, tokens) == "".join(usage.pieces(text)[: max(tokens, 0)])


def test_words_take_the_space_before_them():
    assert usage.pieces("This is a test.") == ["This", " is", " a", " test", "."]


def test_numbers_go_in_threes():
    assert usage.pieces("1234567") == ["123", "456", "7"]


def test_each_ideogram_is_a_piece():
    assert usage.pieces("你好 world가나") == ["你", "好", " world", "가", "나"]


def test_runs_of_white_space_leave_one_space_to_the_word():
    assert usage.pieces("a   b\n\nc") == ["a", "  ", " b", "\n", "\n", "c"]


def test_messages_cost_their_text_and_an_overhead():
    message = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "This is a test."}],
    }
    assert usage.count_items([message, message]) == 2 * (usage.PER_ITEM + 5)


def test_images_and_files_are_counted_elsewhere_by_what_is_in_them():
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    file = {"type": "input_file", "file_data": "A" * 6400}
    shown = {
        "type": "computer_call_output",
        "output": {"type": "computer_screenshot", "image_url": "data:" + "A" * 999},
    }
    assert usage.count_items([{"type": "message", "content": [image, file]}]) == usage.PER_ITEM
    assert usage.count_items([shown]) == usage.PER_ITEM


def test_calls_and_their_outputs_cost_their_texts():
    call = {"type": "function_call", "name": "get", "arguments": '{"a":1}', "call_id": "call_1"}
    custom = {"type": "custom_tool_call", "name": "get", "input": "a b", "call_id": "call_1"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "70 degrees"}
    parts = {**output, "output": [{"type": "input_text", "text": "70 degrees"}]}
    assert usage.count_items([call]) == usage.PER_ITEM + 1 + usage.count('{"a":1}')
    assert usage.count_items([custom]) == usage.PER_ITEM + 3
    assert usage.count_items([output]) == usage.count_items([parts]) == usage.PER_ITEM + 2


def test_reasoning_costs_nothing_as_context():
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "long thought"}]}
    assert usage.count_items([item]) == 0


def test_a_search_costs_its_queries_and_the_texts_that_it_found():
    found = {"file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "Cats sleep.", "attributes": {}}
    item = {"type": "file_search_call", "queries": ["do cats"], "results": [found], "status": "completed"}
    assert usage.count_items([item]) == usage.PER_ITEM + 2 + usage.count("Cats sleep.")
    assert usage.count_items([{**item, "results": None}]) == usage.PER_ITEM + 2


def test_other_items_cost_by_their_length():
    assert usage.count_items([{"type": "mcp_approval_response", "approve": True}]) > usage.PER_ITEM


def test_refusals_cost_their_text():
    item = {"type": "message", "content": [{"type": "refusal", "refusal": "No way"}]}
    assert usage.count_items([item]) == usage.PER_ITEM + 2


def test_tools_cost_by_the_length_of_their_json():
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
    assert usage.count_tools([]) == 0
    assert usage.count_tools([tool, tool]) > usage.count_tools([tool]) > usage.PER_TOOL


@pytest.mark.parametrize(
    ("item", "tokens"),
    [
        ({"type": "image_generation_call", "revised_prompt": "a cat", "result": "A" * 40_000}, 2 + usage.IMAGE),
        ({"type": "image_generation_call", "revised_prompt": "a cat", "result": None}, 2),
        ({"type": "computer_call_output", "output": {"image_url": "data:image/png;base64," + "A" * 40_000}}, 0),
    ],
)
def test_pictures_do_not_cost_by_their_length(item, tokens):
    assert usage.count_items([item]) == usage.PER_ITEM + tokens


def test_the_mask_of_a_tool_costs_nothing_by_its_length():
    tool = {"type": "image_generation", "input_image_mask": {"image_url": "data:image/png;base64," + "A" * 40_000}}
    assert usage.count_tools([tool]) < 100
