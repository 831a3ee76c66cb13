"""Counts tokens, by a documented estimate unless another counter is handed in; it reads no file and no vocabulary.

The estimate (docs/reference/usage.md): a word with the space before it is a token for every 12 letters,
a number one for every 3 digits, a Chinese, Japanese or Korean character one, a run of white space one, any
other sign one. It is the same on every machine and near enough to a real tokenizer for budgets and sums.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass

LONGEST_KEPT = 32_000  # characters of a text whose count is remembered
PER_ITEM = 4  # what a message or call costs beside its text
IMAGE = 765  # a generated picture as context, whatever its size
PER_TOOL = 8  # what a tool costs beside its definition
JSON_CHARS = 4  # characters of JSON a token, for tools and items of other types

COMPACTED = 4  # tokens of a context for each token of the compaction that stands for it
# What costs nothing by itself: reasoning and compactions are counted by who knows what is in them.
WEIGHTLESS = frozenset({"reasoning", "item_reference", "compaction", "compaction_trigger"})

Count = Callable[[str], int]

_IDEOGRAMS = r"\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
PIECE = lazy_pattern(rf" ?[^\W\d_{_IDEOGRAMS}]{{1,12}}|\d{{1,3}}|\s+(?!\S)| ?\S|\s+")


def pieces(text: str) -> list[str]:
    """The pieces of a text, in order; joined they are the text again, for every string."""
    return list(_pieces(text)) if len(text) <= LONGEST_KEPT else PIECE.findall(text)


@lru_cache(16)
def _pieces(text: str) -> Sequence[str]:
    # A script says the same again and again.
    return tuple(PIECE.findall(text))


def count(text: str) -> int:
    """How many tokens a text has: the number of its pieces."""
    return _counted(text) if len(text) <= LONGEST_KEPT else PIECE.subn("", text)[1]


@lru_cache(512)
def _counted(text: str) -> int:
    # The same texts are counted again and again: instructions, a script's answers, what an answer repeats.
    return len(PIECE.findall(text))


def cut(text: str, tokens: int) -> str:
    """The first `tokens` pieces of a text, joined."""
    if tokens <= 0:
        return ""
    end = 0
    for piece in islice(PIECE.finditer(text), tokens):
        end = piece.end()
    return text[:end]


def _json(value: Any) -> int:
    return 1 + len(orjson.dumps(value)) // JSON_CHARS


@dataclass(frozen=True, slots=True)
class Counter:
    """How one run's tokens are counted: those of a `text`, of a value as `json`, and where a text is `cut`."""

    text: Count
    json: Callable[[Any], int]
    cut: Callable[[str, int], str]


ESTIMATE = Counter(count, _json, cut)


def count_items(items: Iterable[Mapping[str, Any]], counter: Counter = ESTIMATE) -> int:
    """The tokens of normalised items, input or output.

    A reasoning item costs nothing here: what was thought is counted by who knows how much it was. Nor do images and
    files: they are counted by what is in them, when they are looked into.
    """
    tokens = 0
    for item in items:
        tokens += _item(item, counter)
    return tokens


def compacted(tokens: int) -> int:
    """The tokens of a compaction that stands for a context of so many tokens, which may be none."""
    return -(-max(tokens, 0) // COMPACTED)


def count_tools(tools: Iterable[Mapping[str, Any]], counter: Counter = ESTIMATE) -> int:
    """The tokens of the tools that a request offers, by their JSON; a mask is a picture and does not count by it."""
    offered = [tool if "input_image_mask" not in tool else {**tool, "input_image_mask": None} for tool in tools]
    return counter.json(offered) + PER_TOOL * len(offered) if offered else 0


def _item(item: Mapping[str, Any], counter: Counter) -> int:
    kind = item.get("type")
    if kind == "message":
        return PER_ITEM + _content(item.get("content"), counter.text)
    if kind in WEIGHTLESS:
        return 0
    inside = INSIDE.get(str(kind))
    return PER_ITEM + (inside(item, counter.text) if inside else counter.json(item))


def _content(content: Any, count: Count) -> int:
    if isinstance(content, str):
        return count(content)
    if isinstance(content, Mapping):  # a screenshot
        return 0
    tokens = 0
    for part in content or ():
        kind = part.get("type")
        if kind not in ("input_image", "input_file"):
            tokens += count(part.get("refusal" if kind == "refusal" else "text") or "")
    return tokens


def _call(item: Mapping[str, Any], count: Count) -> int:
    return count(item.get("name") or "") + count(item.get("arguments") or item.get("input") or "")


def _mcp(item: Mapping[str, Any], count: Count) -> int:
    return sum(count(text) for name in ("name", "arguments", "output") if isinstance(text := item.get(name), str))


def _output(item: Mapping[str, Any], count: Count) -> int:
    return _content(item.get("output"), count)


def _told(item: Mapping[str, Any], count: Count) -> int:
    """A call that the service answered itself: what was asked and what came of it."""
    found = (*(item.get("outputs") or ()), *(item.get("results") or ()))
    texts = (item.get("code") or "", *(item.get("queries") or ()), *(_text_of(one) for one in found))
    return sum(map(count, texts))


def _text_of(found: Mapping[str, Any]) -> str:
    return found.get("logs") or found.get("text") or ""


def _picture(item: Mapping[str, Any], count: Count) -> int:
    return count(item.get("revised_prompt") or "") + (IMAGE if item.get("result") else 0)


# Items that are not counted by their JSON: their texts count, and data in base64 does not count by its length.
INSIDE: Mapping[str, Callable[[Mapping[str, Any], Count], int]] = {
    "function_call": _call,
    "custom_tool_call": _call,
    "function_call_output": _output,
    "custom_tool_call_output": _output,
    "computer_call_output": _output,
    "code_interpreter_call": _told,
    "file_search_call": _told,
    "mcp_call": _mcp,
    "mcp_approval_request": _mcp,
    "image_generation_call": _picture,
}
