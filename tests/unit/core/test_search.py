"""Chunks and their score: the same each time, from 0 to 1, and more of what is asked for never ranks lower."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.search import best_scores, best_sentence, chunks, scores, words
from emulator.core.usage import count

# Few words, so that queries and texts share some.
some_words = st.lists(st.sampled_from(["cat", "dogs", "refund", "the", "Paris", "30", "\u732b"]), max_size=8)
texts = some_words.map(" ".join)
queries = st.lists(st.sampled_from(["cat", "dog", "refund", "paris", "30", "\u732b", "the"]), min_size=1).map(" ".join)


@given(queries, st.lists(texts, max_size=6))
def test_a_score_lies_between_0_and_1_and_is_the_same_each_time(query, found):
    made = scores(query, found)
    assert made == scores(query, found)
    assert all(0 <= score < 1 for score in made)


@given(queries, st.lists(texts, max_size=4), some_words, some_words)
def test_more_matching_words_never_rank_lower(query, others, fewer, more):
    less, whole = scores(query, [" ".join(fewer), " ".join([*fewer, *more]), *others])[:2]
    assert whole >= less


@given(queries, texts, st.lists(texts, max_size=4))
def test_another_word_of_the_query_ranks_higher(query, text, others):
    missing = set(words(query)) - set(words(text)) - {"the"}
    if missing:
        without, with_it = scores(query, [text, f"{text} {min(missing)}", *others])[:2]
        assert with_it > without


@given(queries, st.lists(texts, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_texts_changes_no_score(query, found, random):
    mixed = random.sample(found, len(found))
    assert dict(zip(mixed, scores(query, mixed), strict=True)) == dict(zip(found, scores(query, found), strict=True))


@given(st.lists(queries, min_size=1, max_size=3), st.lists(texts, max_size=4))
def test_of_several_queries_the_best_counts(asked, found):
    by_query = [scores(query, found) for query in asked]
    assert best_scores(asked, found) == [round(max(column), 4) for column in zip(*by_query, strict=True)]


def test_a_rare_word_weighs_more_than_a_common_one():
    found = ["a cat", "a cat", "a cat", "a dog"]
    made = scores("cat dog", found)
    assert made[3] > made[0] > 0


@pytest.mark.parametrize(
    ("query", "text", "matches"),
    [
        ("Returns?", "we take a RETURN", True),
        ("glass", "glas", False),
        ("what is the", "what is the time", True),
        ("what is a cat", "what is a dog", False),
        ("\u732b\u306e\u8a71", "\u3053\u306e\u732b", True),
        ("\u00c9t\u00e9", "\u00e9t\u00e9", True),
        ("", "anything", False),
        ("...", "...", False),
    ],
)
def test_words_are_the_same_in_any_case_and_number_and_the_commonest_do_not_count(query, text, matches):
    assert (scores(query, [text])[0] > 0) is matches


@given(
    st.text(max_size=400), st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size // 2)))
)
def test_chunks_are_the_text_in_pieces_of_a_size_that_overlap(text, sizes):
    size, overlap = sizes
    made = chunks(text, size, overlap)
    assert "".join(chunk.text[chunk.seen :] for chunk in made) == text
    for before, after in pairwise(made):
        assert before.text.endswith(after.text[: after.seen])
        assert len(after.text) > after.seen


def test_a_long_text_has_chunks_of_about_that_many_tokens():
    text = " ".join(f"word{number}" for number in range(2_000))
    made = chunks(text, 800, 400)
    assert all(count(chunk.text) <= 800 for chunk in made)
    assert len(made) == count(text) // 400
    assert chunks("", 800, 400) == []
    assert [chunk.text for chunk in chunks("short", 800, 400)] == ["short"]


def test_the_best_sentence_is_the_one_that_answers():
    text = "# Shop\n\nWe sell cats. Refunds take 3.5 days! Nothing else\nis said."
    assert best_sentence("How long do refunds take?", text) == "Refunds take 3.5 days!"
    assert best_sentence("x", "") == ""
    assert best_sentence("x", " \n . ") == "."


@given(st.text(max_size=100), st.text(max_size=200))
def test_any_text_has_a_best_sentence_of_its_own(query, text):
    assert best_sentence(query, text) in text
