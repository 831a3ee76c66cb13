"""Counts tokens by a documented estimate without a vocabulary; it reads no file and keeps no state.

The estimate (docs/reference/usage.md): a word with the space before it is a token for every 12 letters,
a number one for every 3 digits, a Chinese, Japanese or Korean character one, a run of white space one, any
other sign one. It is the same on every machine and near enough to a real tokenizer for budgets and sums.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

LONGEST_KEPT = 32_000  # characters of a text whose count is remembered
PER_ITEM = 4  # what a message or call costs beside its text
PER_TOOL = 8  # what a tool costs beside its definition
JSON_CHARS = 4  # characters of JSON a token, for tools and items of other types

_IDEOGRAMS = r"\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
PIECE = re.compile(rf" ?[^\W\d_{_IDEOGRAMS}]{{1,12}}|\d{{1,3}}|\s+(?!\S)| ?\S|\s+")


def pieces(text: str) -> list[str]:
    """The pieces of a text, in order; joined they are the text again, for every string."""
    found: list[str] = PIECE.findall(text)
    return found


def count(text: str) -> int:
    """How many tokens a text has: the number of its pieces."""
    return _counted(text) if len(text) <= LONGEST_KEPT else PIECE.subn("", text)[1]


@lru_cache(512)
def _counted(text: str) -> int:
    # The same texts are counted again and again: instructions, a script's answers, what an answer repeats.
    return PIECE.subn("", text)[1]


def cut(text: str, tokens: int) -> str:
    """The first `tokens` pieces of a text, joined."""
    if tokens <= 0:
        return ""
    end = 0
    for piece in islice(PIECE.finditer(text), tokens):
        end = piece.end()
    return text[:end]


def count_items(items: Iterable[Mapping[str, Any]]) -> int:
    """The tokens of normalised items, input or output.

    A reasoning item costs nothing as context: what was thought is billed once, by its response. Nor do images and files
    here: they are counted by what is in them, when they are looked into.
    """
    return sum(_item(item) for item in items)


def count_tools(tools: Iterable[Mapping[str, Any]]) -> int:
    """The tokens of the tools that a request offers, by the length of their JSON."""
    offered = list(tools)
    return _json(offered) + PER_TOOL * len(offered) if offered else 0


def _item(item: Mapping[str, Any]) -> int:
    match item.get("type"):
        case "message":
            return PER_ITEM + _content(item.get("content"))
        case "function_call" | "custom_tool_call":
            return PER_ITEM + count(item.get("name") or "") + count(item.get("arguments") or item.get("input") or "")
        case "function_call_output" | "custom_tool_call_output" | "computer_call_output":
            return PER_ITEM + _content(item.get("output"))
        case "code_interpreter_call" | "file_search_call":
            return PER_ITEM + sum(map(count, _told(item)))
        case "reasoning" | "item_reference":
            return 0
        case _:
            return PER_ITEM + _json(item)


def _told(item: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a call that the service answered itself: what was asked and what came of it."""
    yield item.get("code") or ""
    yield from item.get("queries") or ()
    for found in (*(item.get("outputs") or ()), *(item.get("results") or ())):
        yield found.get("logs") or found.get("text") or ""


def _content(content: Any) -> int:
    if isinstance(content, str):
        return count(content)
    if isinstance(content, Mapping):  # a screenshot
        return 0
    return sum(_part(part) for part in content or ())


def _part(part: Mapping[str, Any]) -> int:
    match part.get("type"):
        case "input_image" | "input_file":
            return 0
        case "refusal":
            return count(part.get("refusal") or "")
        case _:
            return count(part.get("text") or "")


def _json(value: Any) -> int:
    return 1 + len(orjson.dumps(value)) // JSON_CHARS
