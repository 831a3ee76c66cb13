"""Chunks of texts and how well each fits some words, by a documented lexical score; it reads no file and no store.

The score (docs/reference/vector-stores.md) is that of BM25 without the length of a chunk, which is about the same for
all: each word of the query weighs the more the fewer chunks have it, and counts the more often it stands in a chunk,
up to that weight. The sum is divided by all weights, so it lies between 0 (no word) and 1. So a chunk that has every
word of the query at least as often as another never ranks below it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log
from typing import NamedTuple

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.usage import pieces

SATURATION = 0.5  # a word that stands in a chunk once counts 1 / (1 + SATURATION) of its weight
DECIMALS = 4
_STOP_WORDS = (
    "a about an and any are as at be been but by can could did do does for from had has have how i if in into is it "
    "its me my no not of on or our please should so some tell than that the their them then there these they this "
    "those to us was we were what when where which who why will with would you your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
_IDEOGRAMS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = lazy_pattern(rf"[{_IDEOGRAMS}]|[^\W_{_IDEOGRAMS}]+")
_SENTENCE_END = lazy_pattern(r"(?<=[.!?])\s+|(?<=[。\uff01\uff1f])|\n+")


class Chunk(NamedTuple):
    """A piece of a text; its first `seen` characters stand in the chunk before it too."""

    text: str
    seen: int = 0


def chunks(text: str, size: int, overlap: int) -> list[Chunk]:
    """A text in chunks of at most `size` tokens, each of which begins with the last `overlap` of the one before it.

    Without what was seen before they are the text again. An empty text has none.
    """
    tokens = pieces(text)
    made = []
    for start in range(0, len(tokens), size - overlap):
        known = "".join(tokens[start : start + overlap]) if start else ""
        made.append(Chunk("".join(tokens[start : start + size]), len(known)))
        if start + size >= len(tokens):
            break
    return made


def words(text: str) -> list[str]:
    """The words of a text in order, in small letters, without a plural's s; an ideogram is a word."""
    return [_singular(word) for word in _WORD.findall(text.casefold())]


def wanted(query: str) -> frozenset[str]:
    """The words that a query asks for: all but the most common ones, unless it has no other."""
    found = frozenset(words(query))
    return found - STOP_WORDS or found


def scores(query: str, texts: Sequence[str]) -> list[float]:
    """How well each text fits a query, compared with the others; from 0 to 1, in their order."""
    asked = sorted(wanted(query))
    counts = [_counted(text) for text in texts]
    weights = {word: _weight(sum(word in count for count in counts), len(texts)) for word in asked}
    total = sum(weights.values())
    return [_score(count, weights) / total if total else 0.0 for count in counts]


def best_scores(queries: Iterable[str], texts: Sequence[str]) -> list[float]:
    """For each text the score of the query that it fits best, rounded."""
    by_query = [scores(query, texts) for query in queries]
    return [round(max(found), DECIMALS) for found in zip(*by_query, strict=True)]


def best_sentence(query: str, text: str) -> str:
    """The sentence or line of a text that fits a query best, the first of equals; empty for an empty text."""
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    found = scores(query, sentences)
    return max(zip(found, sentences, strict=True), key=lambda row: row[0])[1] if sentences else ""


def _score(count: Counter[str], weights: dict[str, float]) -> float:
    return sum(weight * count[word] / (count[word] + SATURATION) for word, weight in weights.items())


def _weight(having: int, among: int) -> float:
    return log(1 + among / max(1, having))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(1024)
def _counted(text: str) -> Counter[str]:
    # The same chunks are searched again and again; nobody changes a count.
    return Counter(words(text))
