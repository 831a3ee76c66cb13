"""Exact counts are those of the model's own vocabulary, for every text and every length."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.usage import ESTIMATE, PER_TOOL, count_items, count_tools
from emulator.run import tokenizer
from emulator.run.tokenizer import check_tokens, counter_for, vocabulary
from emulator.settings import SettingsError

NEW, OLD = counter_for("exact", "gpt-4o"), counter_for("exact", "gpt-4")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("o3", "o200k_base"),
        ("my-deployment", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("GPT-4-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("gpt-3.5-turbo-16k", "cl100k_base"),
    ],
)
def test_a_model_has_its_vocabulary(model, name):
    assert vocabulary(model) == name


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("tiktoken is great!", 6, 6),
        ("お誕生日おめでとう", 8, 9),
        ("<|endoftext|>", 7, 7),
        ("\ud800", 1, 1),
    ],
)
def test_known_texts_have_the_known_counts(text, new, old):
    assert (NEW.text(text), OLD.text(text)) == (new, old)


@settings(max_examples=150)
@given(st.text(max_size=300), st.integers(-1, 40))
def test_a_cut_text_is_a_beginning_with_no_more_tokens(text, tokens):
    cut = NEW.cut(text, tokens)
    assert text.startswith(cut)
    assert NEW.text(cut) <= max(tokens, 0)
    if NEW.text(text) <= tokens:
        assert cut == text


@pytest.mark.parametrize("word", ["word ", "x", "中", "\U0001f409"])
def test_long_texts_are_counted_in_pieces(word):
    text = word * (200_000 // len(word))
    counted = NEW.text(text)
    assert 0 < counted < 4 * len(text)
    half = NEW.cut(text, counted // 2)
    assert text.startswith(half)
    assert 0 < NEW.text(half) <= counted // 2
    assert NEW.cut(text, counted) == text


def test_words_are_counted_alike_in_pieces():
    assert NEW.text("word " * 40_000) == pytest.approx(40_001, abs=5)


def test_items_and_tools_are_counted_by_it():
    said = {"type": "message", "content": [{"type": "input_text", "text": "antidisestablishmentarianism"}]}
    assert count_items([said], NEW) != count_items([said], ESTIMATE)
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    assert count_tools([tool], NEW) == NEW.text(orjson.dumps([tool]).decode()) + PER_TOOL


def test_the_estimate_needs_nothing(monkeypatch):
    monkeypatch.setattr(tokenizer, "find_spec", lambda _: None)
    check_tokens("estimate")
    assert counter_for("estimate", "gpt-4") is ESTIMATE


def test_what_is_not_installed_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(tokenizer, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"^--tokens exact: .* pip install 'responses-emulator\[tokens\]'$"):
        check_tokens("exact")
