"""What a template sees: the request, what was captured of it, a tool's output, seeded chance and the clock; no more."""

import hashlib
from collections.abc import Callable
from typing import Any

from emulator.script.template_parts import TemplateError, Values
from emulator.script.view import View
from emulator.script.when import When

LARGEST = 10**12
_SCALE = 2**64


def scene(view: View, when: When, *, response_id: str, now: float) -> Values:
    """The values of a template, by name (docs/reference/fixtures.md); the same ones for the same response id."""
    chance = Chance(response_id)
    return {
        "request": view.body,
        "input": view.input,
        "instructions": view.instructions,
        "model": view.model,
        "turn": view.turn,
        "capture": when.captures(view),
        "tool_output": view.tool_value,
        "file": view.files[0] if view.files else None,
        "files": view.files,
        "response_id": response_id,
        "now": int(now),
        "random": {"int": chance.int, "float": chance.float, "choice": chance.choice},
        "uuid": chance.uuid,
    }


class Chance:
    """Chance that is the same each time for one response."""

    def __init__(self, seed: str) -> None:
        self._draw: Callable[[], bytes] = _draws(f"{seed}|template")

    def float(self) -> float:
        """A number from 0 up to 1."""
        return int.from_bytes(self._draw()[:8]) / _SCALE

    def int(self, least: Any, most: Any) -> int:
        """A whole number, both ends included."""
        if type(least) is not int or type(most) is not int or not -LARGEST <= least <= most <= LARGEST:
            raise TemplateError("random.int needs two whole numbers, the smaller first")
        return least + int.from_bytes(self._draw()) % (most - least + 1)

    def choice(self, *given: Any) -> Any:
        """One of the values given, or of the list given."""
        values = given[0] if len(given) == 1 and isinstance(given[0], list) else given
        if not values:
            raise TemplateError("random.choice needs something to choose from")
        return values[self.int(0, len(values) - 1)]

    def uuid(self) -> str:
        """A UUID of version 4."""
        digits = self._draw().hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _draws(seed: str) -> Callable[[], bytes]:
    drawn = 0

    def draw() -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.blake2b(f"{seed}|{drawn}".encode(), digest_size=16).digest()

    return draw
