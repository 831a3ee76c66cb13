"""Text as lines that fit a width, in the dots of the font; it paints nothing."""

import unicodedata
from functools import lru_cache

from emulator.tools.drawing.font import HEIGHT, shape

LINE = HEIGHT + 1  # dots from one line to the next
MORE = "..."


@lru_cache(maxsize=8_192)
def _advance(char: str) -> int:
    width = shape(char).width
    return width + 1 if width else 0


def width_of(text: str) -> int:
    """The dots that a line takes."""
    return sum(map(_advance, text))


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, broken between words, or within a word that is wider than a line."""
    lines: list[str] = []
    for paragraph in unicodedata.normalize("NFC", text).splitlines():
        lines += _paragraph(paragraph.split(), width)
    return lines


def _paragraph(words: list[str], width: int) -> list[str]:
    lines: list[str] = []
    line, left = "", width
    for word in words:
        needed = width_of(word)
        if line and needed + _advance(" ") <= left:
            line, left = f"{line} {word}", left - needed - _advance(" ")
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, width) if needed > width else [word]
        lines += whole
        left = width - width_of(line)
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    pieces = [""]
    left = width
    for char in word:
        if _advance(char) > left:
            pieces.append("")
            left = width
        pieces[-1] += char
        left -= _advance(char)
    return pieces


def first_lines(lines: list[str], most: int) -> list[str]:
    """At most so many lines; the last one says that there were more."""
    return lines if len(lines) <= most else [*lines[: most - 1], MORE]
