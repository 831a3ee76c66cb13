"""Tells whether a text holds a match of a client's regular expression, in counted steps; it writes no text.

`re` goes back and tries again, for ever with a pattern such as `(a+)+$`, and nothing else runs meanwhile. Here
no state is visited twice: the work is at most the size of the pattern times the length of the text.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from emulator.script.bounds import SchemaError, Steps

_PARSER: Any = import_module("re._parser")  # the parser of `re`; the public name for it is deprecated
LONGEST = 1_000  # characters of a pattern
READING = 3  # steps to read a character of a pattern
LARGEST = 25_000  # instructions: a repeat is written out, so counts within counts multiply
REFUSED = {
    "GROUPREF": "a reference back to a group",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
}
Node = tuple[str, Any, tuple[int, ...]]  # what to do, with what, and the instructions that follow


class Program:
    """A pattern as instructions for `search`; `tree` is what the parser of `re` made of it.

    Raises SchemaError for what is no Python regular expression, is too long, repeats too much, or looks back
    at a group.
    """

    def __init__(self, pattern: str, steps: Steps) -> None:
        self.pattern, self.steps = pattern, steps
        if len(pattern) > LONGEST:
            raise self.error(f"more than {LONGEST} characters")
        steps.spend(READING * len(pattern))
        self.nodes: list[Node] = [("MATCH", None, ())]
        self.classes: dict[Any, Signs] = {}
        self.choices: dict[int, list[str]] = {}  # what is written for a set of characters
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what a later Python may read otherwise is no concern here
                self.tree = _PARSER.parse(pattern)
            self.start = self._sequence(self.tree, 0, self.tree.state.flags)
        except (re.error, RecursionError, OverflowError) as error:
            raise self.error(str(error)) from None

    def error(self, reason: str) -> SchemaError:
        """The error that names the pattern."""
        shown = self.pattern if len(self.pattern) <= 100 else f"{self.pattern[:100]}..."
        return SchemaError(f"'pattern' {shown!r}: {reason}")

    def search(self, text: str) -> bool:
        """Whether a match begins anywhere in the text."""
        return self._reaches(self.start, range(len(text), -1, -1), text)

    def signs(self, op: str, operand: Any, flags: int = 0) -> "Signs":
        """The characters that one place of the pattern takes."""
        key = (op, id(operand) if op == "IN" else operand, flags)
        if key not in self.classes:
            self.classes[key] = Signs(op, operand, flags, self.steps)
        return self.classes[key]

    def _reaches(self, start: int, places: Iterable[int], text: str) -> bool:
        """Whether the end is reached from `start` at one of the places in the text."""
        nodes, spend, width = self.nodes, self.steps.spend, len(text) + 1
        waiting = [start * width + place for place in places]
        seen: set[int] = set()
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            spend()
            at, place = divmod(state, width)
            op, operand, follow = nodes[at]
            if op == "SIGN":
                if place < width - 1 and operand[text[place]]:
                    waiting.append(follow[0] * width + place + 1)
            elif op == "MATCH":
                return True
            elif op == "SPLIT" or (op == "AT" and operand(text, place)) or self._looks(op, operand, place, text):
                waiting.extend(following * width + place for following in follow)
        return False

    def _looks(self, op: str, operand: Any, place: int, text: str) -> bool:
        if op != "LOOK":
            return False
        start, back, wanted = operand
        found = place >= back and self._reaches(start, (place - back,), text)
        return found is wanted

    def _add(self, op: str, operand: Any, *follow: int) -> int:
        self.steps.spend()
        if len(self.nodes) >= LARGEST:
            raise self.error("its repeats multiply to too many")
        self.nodes.append((op, operand, follow))
        return len(self.nodes) - 1

    def _sequence(self, tree: Any, follow: int, flags: int) -> int:
        """The place of the first instruction for a sequence after which `follow` comes."""
        for op, operand in reversed(list(tree)):
            follow = self._one(str(op), operand, follow, flags)
        return follow

    def _one(self, op: str, operand: Any, follow: int, flags: int) -> int:
        match op:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._add("SIGN", self.signs(op, operand, flags), follow)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(operand, follow, flags)
            case "SUBPATTERN":
                _, added, removed, tree = operand
                return self._sequence(tree, follow, (flags | added) & ~removed)
            case "BRANCH" | "FAILURE":  # newer Pythons read a look-around that never holds as a failure
                choices = operand[1] if op == "BRANCH" else ()
                return self._add("SPLIT", None, *(self._sequence(tree, follow, flags) for tree in choices))
            case "AT":
                return self._at(str(operand), follow, flags)
            case "ASSERT" | "ASSERT_NOT":
                return self._look(operand, follow, flags, wanted=op == "ASSERT")
        raise self.error(f"{REFUSED.get(op, op.lower())} is not followed")

    def _at(self, name: str, follow: int, flags: int) -> int:
        if flags & re.MULTILINE:
            name = {"AT_BEGINNING": "AT_LINE", "AT_END": "AT_LINE_END"}.get(name, name)
        if flags & re.ASCII and "BOUNDARY" in name:
            name += "_ASCII"
        return self._add("AT", PLACES[name], follow)

    def _look(self, operand: Any, follow: int, flags: int, *, wanted: bool) -> int:
        direction, tree = operand
        back = 0
        if direction < 0:
            back, most = tree.getwidth()
            if back != most:
                raise self.error("look-behind requires fixed-width pattern")
        return self._add("LOOK", (self._sequence(tree, 0, flags), back, wanted), follow)

    def _repeat(self, operand: Any, follow: int, flags: int) -> int:
        least, most, tree = operand
        if str(most) == "MAXREPEAT":
            end = self._add("SPLIT", None, follow)
            inner = self._sequence(tree, end, flags)
            self.nodes[end] = ("SPLIT", None, (inner, follow))
            return self._copies(tree, least - 1, inner, flags) if least else end
        end = follow
        for _ in range(most - least):
            inner = self._sequence(tree, end, flags)
            if inner == end:
                break  # nothing is repeated
            end = self._add("SPLIT", None, inner, follow)
        return self._copies(tree, least, end, flags)

    def _copies(self, tree: Any, times: int, follow: int, flags: int) -> int:
        for _ in range(times):
            inner = self._sequence(tree, follow, flags)
            if inner == follow:
                break
            follow = inner
        return follow


class Signs(dict[str, bool]):
    """Tells whether a character may stand at one place of a pattern; each is looked into once."""

    def __init__(self, op: str, operand: Any, flags: int, steps: Steps) -> None:
        super().__init__()
        members = list(operand) if op == "IN" else [(op, operand)]
        self.negated = bool(members) and str(members[0][0]) == "NEGATE"
        self.members = [(str(name), value) for name, value in members if str(name) != "NEGATE"]
        self.flags, self.steps = flags, steps

    def __missing__(self, sign: str) -> bool:
        self.steps.spend(len(self.members))
        found = any(self._holds(*member, form) for form in self._forms(sign) for member in self.members)
        self[sign] = found is not self.negated
        return self[sign]

    def _forms(self, sign: str) -> Iterator[str]:
        yield sign
        if self.flags & re.IGNORECASE:
            forms = (sign.lower(), sign.upper(), sign.upper().lower())
            yield from (form for form in forms if len(form) == 1)

    def _holds(self, name: str, value: Any, sign: str) -> bool:
        if name == "LITERAL":
            return bool(ord(sign) == value)
        if name == "RANGE":
            return bool(value[0] <= ord(sign) <= value[1])
        if name == "CATEGORY":
            kind = str(value).replace("_NOT_", "_")
            return in_category(kind, sign, ascii_only=bool(self.flags & re.ASCII)) is (kind == str(value))
        if name == "NOT_LITERAL":
            # In any case of letters: `(?i)[^a]` leaves out A too.
            return all(ord(form) != value for form in self._forms(sign))
        return sign != "\n" or bool(self.flags & re.DOTALL)


def in_category(kind: str, sign: str, *, ascii_only: bool = False) -> bool:
    """Whether a character is of a category such as `CATEGORY_WORD`."""
    if ascii_only and not sign.isascii():
        return False
    if kind == "CATEGORY_DIGIT":
        return sign.isdecimal()
    if kind == "CATEGORY_SPACE":
        return sign in " \t\n\r\f\v" if ascii_only else sign.isspace()
    return sign.isalnum() or sign == "_"


def _edge(text: str, place: int, *, ascii_only: bool = False) -> bool:
    """Whether a word begins or ends at the place."""
    before, after = (
        at in range(len(text)) and in_category("CATEGORY_WORD", text[at], ascii_only=ascii_only)
        for at in (place - 1, place)
    )
    return before is not after


PLACES: Mapping[str, Callable[[str, int], bool]] = {
    "AT_BEGINNING": lambda _, place: place == 0,
    "AT_BEGINNING_STRING": lambda _, place: place == 0,
    "AT_LINE": lambda text, place: place == 0 or text[place - 1] == "\n",
    "AT_END": lambda text, place: place == len(text) or (place == len(text) - 1 and text[place] == "\n"),
    "AT_END_STRING": lambda text, place: place == len(text),
    "AT_LINE_END": lambda text, place: place == len(text) or text[place] == "\n",
    "AT_BOUNDARY": _edge,
    "AT_BOUNDARY_ASCII": lambda text, place: _edge(text, place, ascii_only=True),
    # In an empty text `re` finds no such place, but for the newest versions.
    "AT_NON_BOUNDARY": lambda text, place: bool(text) and not _edge(text, place),
    "AT_NON_BOUNDARY_ASCII": lambda text, place: bool(text) and not _edge(text, place, ascii_only=True),
}
