"""Globs and regular expressions of fixtures, which cannot hang the server; they know no request.

Expressions are checked by Python's own `re` when a fixture is loaded and run by `regex`, which alone can give up.
"""

import json
import re
from collections.abc import Callable
from fnmatch import translate
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.node import Node

LONGEST = 1_000  # characters of an expression
MOST_TEXT = 65_536  # characters of a request's text that an expression looks at
PATIENCE = 0.05  # seconds before a search gives up
MOST_REPEATS = 10_000  # what the numbers in braces may come to, multiplied
_INLINE = lazy_pattern(r"\(\?(?!P<|:)")
_TOKEN = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<\w+>|\(\?:|\{[^}]*\}|.", re.DOTALL)
_SIGNS = frozenset("^$.|?*+()[]{}")
_REPEAT = lazy_pattern(r"\{(\d*),?(\d*)\}")


class Pattern:
    """A regular expression; `search` gives up after `PATIENCE` and then has found nothing."""

    __slots__ = ("_regex", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._regex: Any = None  # compiled when it is first needed: that takes longer than loading it

    def search(self, text: str) -> Any:
        """The first match in the first 65,536 characters of the text, or None."""
        if self._regex is None:
            import regex

            self._regex = regex.compile(self.source)
        try:
            return self._regex.search(text[:MOST_TEXT], timeout=PATIENCE)
        except TimeoutError:
            return None


def read_pattern(node: Node) -> Pattern | None:
    """The expression between slashes; None where the text is meant as it stands."""
    wanted = node.filled()
    if re.fullmatch(r"/.+/[aimsx]+", wanted, re.DOTALL):
        node.wrong(f"{node.label} has flags after its regular expression; write them inside, as /(?i)hello/")
    if len(wanted) < 3 or wanted[0] != "/" or wanted[-1] != "/":
        return None
    return expression(node, wanted[1:-1])


def expression(node: Node, source: str) -> Pattern:
    """The node's text as an expression; refuses what is none and what would be too large."""
    if len(source) > LONGEST:
        node.wrong(f"{node.label} is longer than {LONGEST} characters")
    repeats = 1
    for least, most in _REPEAT.findall(source):
        repeats *= max(1, int(least or 0), int(most or 0))
    if repeats > MOST_REPEATS:
        node.wrong(f"{node.label} repeats more than {MOST_REPEATS} times")
    try:
        re.compile(source)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        node.wrong(f"{node.label} is not a regular expression: {' '.join(str(error).split())}")
    return Pattern(source)


def glob(wanted: str) -> Callable[[str], bool]:
    """Whether a text fits a glob (`*`, `?`, `[ab]`); the same text where there is none."""
    if exact(wanted):
        return wanted.__eq__
    matches = re.compile(translate(wanted)).match
    return lambda text: matches(text) is not None


def exact(wanted: str) -> bool:
    """Whether a glob is none: only the same text fits."""
    return not any(char in wanted for char in "*?[")


def literal_of(source: str) -> str:
    """The longest text that is in everything an expression matches, as far as that is easily seen; it may be empty."""
    if _INLINE.search(source):
        return ""
    runs, depth = [""], 0
    for piece in _TOKEN.findall(source):
        depth += piece.startswith("(") - (piece == ")")
        if piece == "|" and depth == 0:
            return ""
        plain = piece[1:] if len(piece) == 2 and piece[0] == "\\" and not piece[1].isalnum() else piece
        if piece[0] in "?*{":
            runs[-1] = runs[-1][:-1]  # what stands before it may be left out
        if len(plain) > 1 or piece in _SIGNS or depth:
            runs.append("")
        else:
            runs[-1] += plain
    return max(runs, key=len)


def read_value(node: Node) -> Callable[[Any], bool]:
    """What a value of JSON must be: the same, or a text that a /regular expression/ is found in."""
    pattern = read_pattern(node) if isinstance(node.value, str) and node.value else None
    if pattern is None:
        wanted = node.plain()
        return lambda value: same(value, wanted)
    return lambda value: pattern.search(value if isinstance(value, str) else json.dumps(value)) is not None


def same(left: Any, right: Any) -> bool:
    """Whether two values of JSON are equal: 1 is 1.0, but no text and not true."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)
