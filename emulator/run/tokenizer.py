"""Counts tokens with a real tokenizer that brings its vocabulary, imported on first use; it downloads nothing.

Which counter a run gets depends on its server's setting and its model alone, so servers in one process do not mix.
"""

import asyncio
import threading
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson

from emulator.core.usage import ESTIMATE, Counter
from emulator.settings import SettingsError

EXACT = "exact"
PACKAGE = "bpe_openai"
OLD = ("gpt-4", "gpt-4-*", "gpt-3.5*", "gpt-35*", "text-embedding-*")  # models before gpt-4o
AT_ONCE = 50_000  # characters that the tokenizer is given: never more tokens than it takes
_LOADED: dict[str, Counter] = {}  # by vocabulary, the same for everyone
_LOADING = threading.Lock()


def check_tokens(setting: str) -> None:
    """Raise SettingsError where the tokenizer that the setting asks for is not installed."""
    if setting == EXACT and find_spec(PACKAGE) is None:
        raise SettingsError("--tokens exact: the tokenizer is missing: pip install 'responses-emulator[tokens]'")


def counter_for(setting: str, model: str) -> Counter:
    """The counter of a model; the first one of a vocabulary takes half a second to load."""
    return _exact(vocabulary(model)) if setting == EXACT else ESTIMATE


async def loaded_counter(setting: str, model: str) -> Counter:
    """The same; what must be loaded is loaded in a thread."""
    if setting != EXACT:
        return ESTIMATE
    name = vocabulary(model)
    found = _LOADED.get(name)
    return found if found is not None else await asyncio.to_thread(_exact, name)


def vocabulary(model: str) -> str:
    """The name of a model's vocabulary; one that nobody knows is taken for new."""
    return "cl100k_base" if any(fnmatchcase(model.lower(), old) for old in OLD) else "o200k_base"


def _exact(name: str) -> Counter:
    with _LOADING:
        if name not in _LOADED:
            _LOADED[name] = _load(name)
        return _LOADED[name]


def _load(name: str) -> Counter:
    with warnings.catch_warnings():  # of the package's own, which a test run may have made errors
        warnings.simplefilter("ignore", DeprecationWarning)
        encoding = import_module(PACKAGE).get_encoding(name)
    return Counter(
        text=lru_cache(512)(partial(_count, encoding)),
        json=lambda value: _count(encoding, orjson.dumps(value).decode()),
        cut=partial(_cut, encoding),
    )


def _count(encoding: Any, text: str) -> int:
    return sum(len(_encoded(encoding, piece)) for piece in _pieces(text))


def _encoded(encoding: Any, text: str) -> list[int]:
    tokens: list[int] = encoding.encode(text, disallowed_special=())
    return tokens


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces that the tokenizer takes, parted before a space where there is one."""
    start = 0
    while len(text) - start > AT_ONCE:
        end = text.rfind(" ", start + 1, start + AT_ONCE)
        end = end if end > 0 else start + AT_ONCE
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(encoding: Any, text: str, tokens: int) -> str:
    """The longest beginning of a text with so many tokens: whole characters only."""
    left, kept = tokens, ""
    for piece in _pieces(text):
        found = _encoded(encoding, piece)
        if len(found) > left:
            return kept + _beginning(encoding, found, left)
        kept, left = kept + piece, left - len(found)
    return text


def _beginning(encoding: Any, found: list[int], tokens: int) -> str:
    # A token may end within a character, and a text that ends elsewhere may be parted otherwise.
    for most in range(tokens, 0, -1):
        text: str = encoding.decode_bytes(found[:most]).decode("utf-8", "ignore")
        if len(_encoded(encoding, text)) <= tokens:
            return text
    return ""
