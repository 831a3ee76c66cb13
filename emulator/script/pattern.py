"""Writes a text that matches a regular expression; it knows no schema and draws nothing at random."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.script.bounds import SchemaError
from emulator.script.pattern_match import Program, in_category

LETTERS = [chr(code) for code in (*range(0x61, 0x7B), *range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x20, 0x7F))]
CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abcdefghijklmnopqrstuvwxyz0123456789_",
    "CATEGORY_SPACE": " \t\n",
}
ROUNDS = 64
LONGEST = 20_000  # pieces of one text


def text_for(program: Program, *, low: int = 0, high: int | None = None, variant: int = 0) -> str:
    """A text of `low` to `high` characters in which the pattern is found; another for each variant if it can.

    Raises SchemaError where the pattern allows no such length or asks for something that cannot be written;
    TooMuchWorkError where the program's steps end.
    """
    for extra in _extras(program, low, variant):
        for mixed in range(ROUNDS if extra <= 1 else 1):
            text = _Walk(program, variant, extra, mixed).write(program.tree)
            padding = "a" * (low - len(text))
            for whole in (text, text + padding, padding + text) if padding else (text,):
                if low <= len(whole) <= (len(whole) if high is None else high) and _fits(program, whole):
                    return whole
    raise program.error("no text was found for it")


def _fits(program: Program, text: str) -> bool:
    """Whether the pattern is found; half a character, a surrogate, cannot be sent."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text) and program.search(text)


def _extras(program: Program, low: int, variant: int) -> Iterator[int]:
    """How often each repeat may go on: never, once, and as often as it takes to have `low` characters."""
    yield from (0, 1)

    def long_enough(extra: int) -> bool:
        try:
            return len(_Walk(program, variant, extra, 0).write(program.tree)) >= low
        except SchemaError:
            return True

    extra = 2
    while extra < low and not long_enough(extra):
        extra *= 2
    if low > 1:
        reach = range(extra // 2 + 1, extra + 1)
        yield from (reach[0] + bisect_left(reach, True, key=long_enough) + more for more in range(3))


class _Walk:
    """One way through the tree: `variant` picks at each choice, `extra` lengthens each repeat that allows it.

    With `mixed` the picks are scattered, which is how a look-ahead such as "a digit somewhere" comes true.
    """

    def __init__(self, program: Program, variant: int, extra: int, mixed: int) -> None:
        self.program, self.variant, self.extra = program, variant, extra
        self.mixed = mixed * (variant + 1)
        self.left = LONGEST

    def pick(self, choices: Any) -> Any:
        if self.mixed:
            self.mixed = (self.mixed * 1_103_515_245 + 12_345) % 2**31
            return choices[(self.mixed >> 8) % len(choices)]
        self.variant, at = divmod(self.variant, len(choices))
        return choices[at]

    def write(self, tree: Any) -> str:
        parts = []
        self.step()
        for op, operand in tree:
            self.step()
            writer = WRITERS.get(str(op))
            if writer is None:
                raise self.program.error(f"the construct {str(op).lower()} cannot be written")
            parts.append(writer(self, operand))
        return "".join(parts)

    def step(self) -> None:
        self.program.steps.spend()
        self.left -= 1
        if self.left < 0:
            raise self.program.error("the text would be too long")


def _repeat(walk: _Walk, operand: Any) -> str:
    low, high, tree = operand
    times = min(low + walk.extra, int(high))
    if times == 0 and high:
        times = walk.pick((0, 1)) if walk.extra == 0 else 1
    return "".join(walk.write(tree) for _ in range(times))


def _set(walk: _Walk, operand: Any) -> str:
    choices = walk.program.choices
    if id(operand) not in choices:
        walk.program.steps.spend(len(operand) + len(LETTERS))
        choices[id(operand)] = _choices(walk.program, operand)
    return str(walk.pick(choices[id(operand)]))


def _choices(program: Program, operand: Any) -> list[str]:
    """The characters of a set, those that people write first."""
    signs = program.signs("IN", operand)
    if signs.negated:
        wanted = [sign for sign in LETTERS if signs[sign]]
    else:
        wanted = [sign for op, value in operand for sign in _members(str(op), value)]
    if not wanted:
        raise program.error("an empty set of characters")
    return wanted


def _members(op: str, value: Any) -> list[str]:
    if op == "LITERAL":
        return [chr(value)]
    if op == "RANGE":
        return [chr(code) for code in range(value[0], min(value[1], value[0] + 200) + 1)]
    if op == "CATEGORY":
        name = str(value)
        return list(CATEGORIES[name]) if name in CATEGORIES else _outside(name.replace("_NOT_", "_"))
    return []


def _outside(kind: str) -> list[str]:
    return [sign for sign in LETTERS if not in_category(kind, sign)]


WRITERS: Mapping[str, Callable[[_Walk, Any], str]] = {
    "LITERAL": lambda _, operand: chr(operand),
    "NOT_LITERAL": lambda walk, operand: str(walk.pick([sign for sign in LETTERS if ord(sign) != operand])),
    "ANY": lambda walk, _: str(walk.pick(LETTERS)),
    "AT": lambda *_: "",
    "IN": _set,
    "BRANCH": lambda walk, operand: walk.write(walk.pick(operand[1])),
    "SUBPATTERN": lambda walk, operand: walk.write(operand[3]),
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    # Looking is not writing: the whole text is searched at the end.
    "ASSERT": lambda *_: "",
    "ASSERT_NOT": lambda *_: "",
}
