"""Remembers what the fields of a create came to, all but those of each turn; it checks none of them.

A client sends the same model, instructions and tools again and again. Bytes that are the same were right the last time.
"""

from collections.abc import Mapping
from typing import Any

import orjson

MOST = 64  # sets of fields
LONGEST = 100_000  # bytes of one
EACH_TURN = frozenset({"input", "previous_response_id"})


class Memo:
    """Values by the fields that they were made of; when it is full it begins anew."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Any, ...]] = {}

    def get(self, key: bytes) -> tuple[Any, ...] | None:
        """What was kept of these fields."""
        return self._known.get(key)

    def keep(self, key: bytes, values: tuple[Any, ...]) -> None:
        """Remember what these fields came to; who changes what is in it changes it for all."""
        if len(key) > LONGEST:
            return
        if len(self._known) >= MOST:
            self._known = {}
        self._known[key] = values


def key_of(given: Mapping[str, Any]) -> bytes:
    """The fields of a body by which it is remembered."""
    return orjson.dumps({name: value for name, value in given.items() if name not in EACH_TURN})
