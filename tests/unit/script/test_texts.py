"""Many texts looked for in one walk: it finds exactly those that are there, whatever they are made of."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.script.texts import FEW, Texts

LETTERS = st.text("abé語 ", max_size=24)


def filed(texts, search=lambda _: None):
    """Without a library unless one is handed in: tests of both are in `test_automaton.py`."""
    return Texts([(text, place) for place, text in enumerate(texts)], search)


def plainly(texts, long):
    return [place for place, text in enumerate(texts) if text in long]


@given(st.lists(LETTERS.filter(bool), min_size=1, max_size=150), LETTERS, st.data())
def test_a_walk_finds_what_looking_one_by_one_finds(texts, around, data):
    held = data.draw(st.lists(st.sampled_from(texts), max_size=3))
    long = around + around.join(held) + data.draw(LETTERS)
    assert sorted(filed(texts).within(long)) == plainly(texts, long)


@given(st.integers(1, 40), st.integers(0, 40), st.text("xy", max_size=40))
@example(4, 0, "")
def test_texts_of_every_length_are_found_at_every_place(length, before, after):
    texts = [f"{number:0{length}}"[-length:] for number in range(3 * FEW)]
    long = "-" * before + texts[7] + after
    assert sorted(filed(texts).within(long)) == plainly(texts, long)


@pytest.mark.parametrize("many", [FEW, FEW + 1, 500])
def test_texts_that_share_all_but_a_number_are_told_apart(many):
    texts = [f"question {number} of the exam" for number in range(many)]
    assert filed(texts).within("Here is " + texts[3] + ", and question 3 of another.") == [3]


def test_a_text_that_stands_twice_is_found_once_for_each_place():
    texts = ["the same words", *(f"other words {number}" for number in range(50)), "the same words"]
    assert sorted(filed(texts).within("the same words, the same words")) == [0, 51]


def test_no_texts_are_found_nowhere():
    assert not filed([])
    assert filed([]).within("anything") == []
