"""Draws a picture that shows its prompt as text: the same bytes for the same sketch; it reaches nothing outside.

PNG needs nothing but the standard library. JPEG and WEBP are made of it by Pillow, the extra `pictures`, which is
imported when the first of them is asked for.
"""

from colorsys import hls_to_rgb
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple
from zlib import crc32

from emulator.core.records import dataclass
from emulator.tools.drawing.font import shape
from emulator.tools.drawing.layout import LINE, first_lines, wrapped
from emulator.tools.drawing.png import Colour, encoded

FORMATS = ("png", "webp", "jpeg")
LONGEST = 4_000  # characters of a prompt that are looked at
PAPER, INK, SHADES, TONES = 0, 1, (0, 2, 3, 4, 1), range(5, 9)
_EDGE = 12  # dots around the text
_CELL, _STRIP = 8, 24  # dots of one stone of the mosaic, and its height
# Pixels of a dot and dots of a dot of text, from the largest letters to the smallest.
_FITS = ((4, 3), (4, 2), (4, 1), (2, 1))
# How many dots become one, in the first, second and third partial picture.
COARSE = (16, 8, 4)

Dots = list[bytearray]


class NeedsPillowError(Exception):
    """JPEG and WEBP cannot be written here: the extra `pictures` is not installed."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is drawn: the `prompt`, the line above it and the `notes` below it, in `size` (width, height) pixels.

    `compression` is 0 to 100, the quality of JPEG and WEBP. `coarse` puts so many dots together to one (1: none).
    """

    prompt: str
    title: str = ""
    notes: tuple[str, ...] = ()
    size: tuple[int, int] = (1024, 1024)
    format: str = "png"
    compression: int = 100
    transparent: bool = False
    coarse: int = 1


@lru_cache(maxsize=64)
def drawn(sketch: Sketch) -> bytes:
    """The bytes of the picture; raises NeedsPillowError."""
    dot, rows = _painted(sketch)
    if sketch.coarse > 1:
        rows = _coarser(rows, sketch.coarse * 4 // dot)
    picture = encoded([bytes(row) for row in rows], dot, _palette(sketch.prompt), transparent=sketch.transparent)
    return picture if sketch.format == "png" else _converted(picture, sketch)


def _converted(picture: bytes, sketch: Sketch) -> bytes:
    try:
        from PIL import Image
    except ImportError:
        raise NeedsPillowError(sketch.format) from None
    made = BytesIO()
    with Image.open(BytesIO(picture)) as opened:
        pixels = opened.convert("RGBA" if sketch.transparent else "RGB")
    if sketch.format == "jpeg":
        pixels.save(made, "JPEG", quality=min(max(sketch.compression, 1), 95))
    else:
        pixels.save(made, "WEBP", lossless=sketch.compression == 100, quality=sketch.compression, method=1)
    return made.getvalue()


class _Page(NamedTuple):
    """Where the text stands, in dots: a `dot` has so many pixels, and `unit` of them make one of the smallest text."""

    dot: int
    scale: int
    lines: list[str]
    notes: list[str]
    above: int
    below: int

    @property
    def unit(self) -> int:
        return 4 // self.dot


def _page(sketch: Sketch) -> _Page:
    """The page with the largest letters that hold the whole prompt; the smallest may cut it."""
    width, height = sketch.size
    prompt = sketch.prompt[:LONGEST]
    for dot, scale in _FITS:
        unit, smallest = 4 // dot, (dot, scale) == _FITS[-1]
        across = width // dot - 2 * _EDGE * unit
        notes = [line for note in sketch.notes for line in first_lines(wrapped(note, across // unit), 2)]
        above = (_STRIP + _EDGE + LINE + 4) * unit
        below = (_EDGE + LINE * len(notes)) * unit
        room = (height // dot - above - below) // (LINE * scale)
        if not smallest and len(prompt) * 3 * scale > room * across:  # letters are 6 dots wide: nowhere near enough
            continue
        lines = wrapped(prompt, across // scale)
        if smallest or len(lines) <= room:
            break
    return _Page(dot, scale, first_lines(lines, room), notes, above, below)


def _painted(sketch: Sketch) -> tuple[int, Dots]:
    """The pixels of a dot, and the dots."""
    width, height = sketch.size
    page = _page(sketch)
    rows = [bytearray(width // page.dot) for _ in range(height // page.dot)]
    _mosaic(rows, crc32(sketch.prompt.encode(errors="replace")), page.unit)
    title = first_lines(wrapped(sketch.title, len(rows[0]) // page.unit - 2 * _EDGE), 1)
    _write(rows, title, (_STRIP + _EDGE) * page.unit, page.unit, page.unit)
    _write(rows, page.lines, page.above, page.scale, page.unit)
    _write(rows, page.notes, len(rows) - page.below, page.unit, page.unit)
    return page.dot, rows


def _mosaic(rows: Dots, state: int, unit: int) -> None:
    """A strip of coloured stones along the top, which tells one prompt from another at a glance."""
    cell = _CELL * unit
    for top in range(0, _STRIP * unit, cell):
        line = bytearray()
        while len(line) < len(rows[0]):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            line += bytes([TONES[(state >> 16) % len(TONES)]]) * cell
        for row in rows[top : top + cell]:
            row[:] = line[: len(row)]


def _write(rows: Dots, lines: list[str], top: int, scale: int, unit: int) -> None:
    for line in lines:
        left = _EDGE * unit
        for char in line:
            for at, run in enumerate(_runs(char, scale)):
                for row in rows[top + at * scale : top + (at + 1) * scale]:
                    row[left : left + len(run)] = run
            left += (shape(char).width + 1) * scale if shape(char).width else 0
        top += LINE * scale


@lru_cache(maxsize=4_096)
def _runs(char: str, scale: int) -> tuple[bytes, ...]:
    """The rows of a character as dots of paper and ink."""
    width, rows = shape(char)
    bits = [f"{row:0{width}b}" if width else "" for row in rows]
    return tuple(bytes(INK if bit == "1" else PAPER for bit in row for _ in range(scale)) for row in bits)


def _coarser(rows: Dots, block: int) -> Dots:
    """The same picture with squares of `block` dots in one colour each."""
    made: Dots = []
    for top in range(0, len(rows), block):
        strip = rows[top : top + block]
        line = bytearray()
        for left in range(0, len(rows[0]), block):
            square = b"".join(row[left : left + block] for row in strip)
            line += bytes([_blend(square)]) * min(block, len(rows[0]) - left)
        made += [bytearray(line) for _ in strip]
    return made


def _blend(square: bytes) -> int:
    ink = square.count(INK)
    if ink + square.count(PAPER) < len(square):
        return max(TONES, key=square.count)
    return SHADES[-(-ink * 8 // len(square))] if ink * 2 < len(square) else INK


@lru_cache(maxsize=64)
def _palette(prompt: str) -> tuple[Colour, ...]:
    """Paper, ink, what is between them, and the tones of the mosaic, of one hue."""
    hue = crc32(prompt.encode(errors="replace")[::-1]) % 360 / 360
    paper, ink = _colour(hue, 0.95, 0.6), _colour(hue, 0.16, 0.6)
    between = [_between(paper, ink, quarters) for quarters in (1, 2, 3)]
    turns = ((0, 0.4), (0.08, 0.55), (0.16, 0.7), (0.5, 0.6))
    return (paper, ink, *between, *(_colour((hue + turn) % 1, light, 0.55) for turn, light in turns))


def _between(one: Colour, other: Colour, quarters: int) -> Colour:
    red, green, blue = (a + (b - a) * quarters // 4 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _colour(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = (round(255 * part) for part in hls_to_rgb(hue, lightness, saturation))
    return red, green, blue
