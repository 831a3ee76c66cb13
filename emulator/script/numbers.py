"""Picks a number within the limits of a schema; it reads no prompt and draws nothing at random."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from emulator.script.bounds import SchemaError
from emulator.script.document import Document
from emulator.script.schema_match import exact, matches

ATTEMPTS = 200
LARGEST = 2**63 - 1  # the largest integer that all readers of JSON take; beyond it, 1e20 and the like


def number_for(schema: Mapping[str, Any], document: Document, variant: int) -> int | float:
    """A number that the flat schema allows: 1 or the nearest to it, another for each variant.

    The schema's `type` is `integer` or `number`. Raises SchemaError where no number is found.
    """
    for value in _proposals(schema, schema["type"] == "integer", variant):
        document.spend()
        plain = int(value) if value.denominator == 1 and abs(value) <= LARGEST else float(value)
        if matches(schema, plain, document):
            return plain
    raise SchemaError("no number keeps to 'minimum', 'maximum' and 'multipleOf'")


def _proposals(schema: Mapping[str, Any], integer: bool, variant: int) -> Iterator[Fraction]:
    low, high = _limit(schema, "inimum", max), _limit(schema, "aximum", min)
    if low is not None and high is not None and low > high:
        return
    step = exact(schema["multipleOf"]) if "multipleOf" in schema else Fraction(1)
    if integer:
        step = Fraction(step.numerator)
    for at in range(variant, variant + ATTEMPTS):
        value = _stepped(low, high, step, at)
        if value is None:
            break
        yield value
    if not integer and "multipleOf" not in schema:
        inside_low = low if low is not None else (high or Fraction(0)) - 1
        inside_high = high if high is not None else inside_low + 1
        for at in range(variant, variant + ATTEMPTS):
            yield inside_low + (inside_high - inside_low) * Fraction(1, at + 2)
        yield from (inside_low, inside_high)


def _limit(schema: Mapping[str, Any], ending: str, tighter: Any) -> Fraction | None:
    names = {"inimum": ("minimum", "exclusiveMinimum"), "aximum": ("maximum", "exclusiveMaximum")}[ending]
    found = [exact(schema[name]) for name in names if name in schema]
    return tighter(found) if found else None


def _stepped(low: Fraction | None, high: Fraction | None, step: Fraction, at: int) -> Fraction | None:
    """The multiple of `step` that is `at` places away from the one nearest to it, upwards first."""
    first = 1
    if high is not None:
        first = min(first, floor(high / step))
    if low is not None:
        first = max(first, ceil(low / step))
    above = max(floor(high / step) - first + 1, 0) if high is not None else at + 1
    value = (first + at if at < above else first - (at - above) - 1) * step
    return None if low is not None and value < low else value
