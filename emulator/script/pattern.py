"""Writes a text that matches a regular expression; it knows no schema and draws nothing at random."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from emulator.script.schema_match import SchemaError

_PARSER: Any = import_module("re._parser")  # the parser of `re`; the public name for it is deprecated
LETTERS = [chr(code) for code in (*range(0x61, 0x7B), *range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x20, 0x7F))]
CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abcdefghijklmnopqrstuvwxyz0123456789_",
    "CATEGORY_SPACE": " \t\n",
}
ROUNDS = 64
STEPS = 20_000


def text_for(pattern: str, *, low: int = 0, high: int | None = None, variant: int = 0) -> str:
    """A text of `low` to `high` characters in which `pattern` is found; another for each variant if it can.

    Raises SchemaError where the pattern is no Python regular expression, uses a construct that cannot be
    written (conditionals) or allows no such length.
    """
    try:
        tree, compiled = _PARSER.parse(pattern), re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SchemaError(f"'pattern' {pattern!r}: {error}") from None
    for extra in range(max(low, 1) + 1 if low <= ROUNDS * 16 else 1):
        for mixed in range(ROUNDS if extra <= 1 else 1):
            text = _Walk(variant, extra, mixed).write(tree)
            for whole in (text, text + "a" * (low - len(text)), "a" * (low - len(text)) + text):
                if low <= len(whole) <= (len(whole) if high is None else high) and compiled.search(whole):
                    return whole
    raise SchemaError(f"'pattern' {pattern!r}: no text was found for it")


class _Walk:
    """One way through the tree: `variant` picks at each choice, `extra` lengthens each repeat that allows it.

    With `mixed` the picks are scattered, which is how a look-ahead such as "a digit somewhere" comes true.
    """

    def __init__(self, variant: int, extra: int, mixed: int) -> None:
        self.variant, self.extra = variant, extra
        self.mixed = mixed * (variant + 1)
        self.groups: dict[int, str] = {}
        self.steps = 0

    def pick(self, choices: Any) -> Any:
        if self.mixed:
            self.mixed = (self.mixed * 1_103_515_245 + 12_345) % 2**31
            return choices[(self.mixed >> 8) % len(choices)]
        self.variant, at = divmod(self.variant, len(choices))
        return choices[at]

    def write(self, tree: Any) -> str:
        parts = []
        for op, operand in tree:
            self.steps += 1
            if self.steps > STEPS:
                raise SchemaError("'pattern': the text would be too long")
            writer = WRITERS.get(str(op))
            if writer is None:
                raise SchemaError(f"'pattern': the construct {str(op).lower()} cannot be written")
            parts.append(writer(self, operand))
        return "".join(parts)


def _repeat(walk: _Walk, operand: Any) -> str:
    low, high, tree = operand
    times = min(low + walk.extra, int(high))
    if times == 0 and high:
        times = walk.pick((0, 1)) if walk.extra == 0 else 1
    return "".join(walk.write(tree) for _ in range(times))


def _group(walk: _Walk, operand: Any) -> str:
    text = walk.write(operand[3])
    if operand[0] is not None:
        walk.groups[operand[0]] = text
    return text


def _set(walk: _Walk, operand: Any) -> str:
    negated = bool(operand) and str(operand[0][0]) == "NEGATE"
    wanted = [sign for op, value in operand for sign in _members(str(op), value)]
    if negated:
        wanted = [sign for sign in LETTERS if not _inside(sign, operand)]
    if not wanted:
        raise SchemaError("'pattern': an empty set of characters")
    return str(walk.pick(wanted))


def _inside(sign: str, operand: Any) -> bool:
    for op, value in operand:
        if str(op) == "CATEGORY" and re.match(_CLASS[str(value)], sign):
            return True
        if str(op) == "RANGE" and value[0] <= ord(sign) <= value[1]:
            return True
        if str(op) == "LITERAL" and ord(sign) == value:
            return True
    return False


def _members(op: str, value: Any) -> list[str]:
    if op == "LITERAL":
        return [chr(value)]
    if op == "RANGE":
        return [chr(code) for code in range(value[0], min(value[1], value[0] + 200) + 1)]
    if op == "CATEGORY":
        name = str(value)
        if name in CATEGORIES:
            return list(CATEGORIES[name])
        return [sign for sign in LETTERS if re.match(_CLASS[name], sign)]
    return []


_CLASS = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
}
WRITERS: Mapping[str, Callable[[_Walk, Any], str]] = {
    "LITERAL": lambda _, operand: chr(operand),
    "NOT_LITERAL": lambda walk, operand: str(walk.pick([sign for sign in LETTERS if ord(sign) != operand])),
    "ANY": lambda walk, _: str(walk.pick(LETTERS)),
    "AT": lambda *_: "",
    "IN": _set,
    "BRANCH": lambda walk, operand: walk.write(walk.pick(operand[1])),
    "SUBPATTERN": _group,
    "GROUPREF": lambda walk, operand: walk.groups.get(operand, ""),
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "POSSESSIVE_REPEAT": _repeat,
    "ATOMIC_GROUP": lambda walk, operand: walk.write(operand),
    # Looking is not writing: the whole text is searched at the end.
    "ASSERT": lambda *_: "",
    "ASSERT_NOT": lambda *_: "",
}
