"""The library finds what the walk finds, whatever the texts are made of, and a client cannot make it hold much."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.script import automaton
from emulator.script.automaton import AT_ONCE, DEEPEST, LONGEST, Automaton, together
from emulator.script.texts import FEW, Texts
from tests.unit.script.test_texts import LETTERS, plainly

pytest.importorskip(automaton.PACKAGE)


def filed(texts):
    return Texts([(text, place) for place, text in enumerate(texts)], Automaton)


@given(st.lists(LETTERS.filter(bool), min_size=1, max_size=150), LETTERS, st.data())
def test_it_finds_what_looking_one_by_one_finds(texts, around, data):
    held = data.draw(st.lists(st.sampled_from(texts), max_size=3))
    long = around + around.join(held) + data.draw(LETTERS)
    assert sorted(filed(texts).within(long)) == plainly(texts, long)


@given(st.integers(-3, 3), st.integers(1, 400))
@example(0, 1)
def test_a_text_is_found_across_the_parts_of_a_long_one(shift, length):
    texts = [*(f"word {number}" for number in range(2 * FEW)), "x" * length, "y" * (length + 1)]
    long = "-" * (AT_ONCE + shift - length // 2) + texts[-1] + "-" * AT_ONCE + "word 7"
    assert sorted(filed(texts).within(long)) == plainly(texts, long)


def test_halves_of_characters_are_found_too():
    texts = [f"half {number} \ud83d" for number in range(2 * FEW)]
    assert filed(texts).within("This is half 9 \ud83d!") == [9]


def test_each_place_of_a_long_text_finds_few():
    many = [b"a" * length for length in range(1, 500)]
    assert list(together(many)) == [b"a" * length for length in range(2, 2 + DEEPEST)]
    texts = [text.decode() for text in many]
    assert sorted(filed(texts).within("b" + "a" * 450)) == list(range(450))


def test_texts_of_single_characters_are_looked_for_one_by_one():
    texts = [chr(ord("!") + number) for number in range(2 * FEW)]
    assert not together([text.encode() for text in texts])
    assert sorted(filed(texts).within("!#")) == [0, 2]


def test_a_very_long_text_makes_no_part_longer():
    texts = {b"word %d" % number: [number] for number in range(2 * FEW)} | {b"x" * (LONGEST + 1): [99]}
    made = Automaton(texts)
    assert list(made.others.values()) == [[99]]
    assert made._over < LONGEST


def test_without_the_library_nothing_is_made(monkeypatch):
    monkeypatch.setattr(automaton, "PACKAGE", "not_installed_here")
    assert automaton.automaton({b"text": [0]}) is None


def test_with_it_a_few_texts_need_none(monkeypatch):
    monkeypatch.setattr("emulator.script.automaton.Automaton.__init__", None)
    assert Texts([(f"text {number}", number) for number in range(FEW)]).within("text 3") == [3]
