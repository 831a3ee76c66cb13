"""A small bitmap font of our own: what each character looks like in dots; it lays out no text.

A letter has 9 rows of 5 dots, the last two below the line, under 3 rows for the mark of an accent. A character that
the font does not have is a box with the digits of its code point, so no text is ever lost.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

HEIGHT = 12
_MARKS = 3  # rows above a capital

# Each word is a character and its rows from the top, one sign each: the base 32 number of its dots, left is highest.
_DRAWN = """
AEHHVHHH BUHHUHHU CEHGGGHE DUHHHHHU EVGGUGGV FVGGUGGG GEHGNHHF HHHHVHHH IE44444E J72222IC KHIKOKIH LGGGGGGV
MHRLLHHH NHHPLJHH OEHHHHHE PUHHUGGG QEHHHLID RUHHUKIH SFGGE11U TV444444 UHHHHHHE VHHHHHA4 WHHHLLRH XHHA4AHH
YHHA4444 ZV1248GV a00E1FHF bGGMPHHU c00EGGHE d11DJHHF e00EHVGE f698S888 g00FHHHF1E hGGMPHHH i40C444E
j2062222IC kGGIKOKI lC44444E m00QLLHH n00MPHHH o00EHHHE p00UHHHUGG q00FHHHF11 r00MPGGG s00EGE1U t88S8896
u00HHHJD v00HHHA4 w00HHLLA x00HA4AH y00HHHHF1E z00V248V 0EHJLPHE 14C4444E 2EH1248V 3V2421HE 426AIV22 5VGU11HE
668GUHHE 7V124888 8EHHEHHE 9EHHF12C !4444404 "AA #AAVAVAA $4FKE5U4 %OP248J3 &CIK8LID '44 (2488842
)8422248 *04LEL4 +044V44 ,00000CC48 -000V .00000CC /11248GG :0CC0CC ;0CC0CC48 <248G842 =00V0V >8421248 ?EH12404
@EHNLNGE [E88888E \\GG84211 ]E22222E ^4AH _000000V `84 {2448442 |4444444 ßEHHMHHM }8442448 ~008L2
"""
_SMALL = """
075557 126227 271747 371317 455711 574717 674757 771111 875757 975717 A25755 B65656 C34443 D65556 E74647 F74644
"""
# Marks of the accents, as two rows.
_ACCENTS = {
    "\u0300": (8, 4),
    "\u0301": (2, 4),
    "\u0302": (4, 10),
    "\u0303": (13, 22),
    "\u0304": (14, 0),
    "\u0308": (10, 0),
    "\u030a": (14, 10),
    "\u030c": (10, 4),
}
_SPELLED = {
    "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "«": "<<", "»": ">>",
    "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "€": "EUR", "\u00b7": "-", "\u2022": "*",
}  # fmt: skip


def _read(drawn: str) -> dict[str, tuple[int, ...]]:
    return {word[0]: tuple(int(sign, 32) for sign in word[1:]) for word in drawn.split()}


_GLYPHS = {**_read(_DRAWN), " ": (0,)}
_DIGITS = _read(_SMALL)


class Shape(NamedTuple):
    """A character in dots: `HEIGHT` rows, of which the highest of `width` bits is the left."""

    width: int
    rows: tuple[int, ...]


NOTHING = Shape(0, (0,) * HEIGHT)


@lru_cache(maxsize=4_096)
def shape(char: str) -> Shape:
    """What one character looks like; one that nobody sees has no width."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
        return NOTHING
    plain = _SPELLED.get(char) or unicodedata.normalize("NFKD", char)
    letters = [letter for letter in plain if not unicodedata.combining(letter)]
    if not letters or not all(letter in _GLYPHS for letter in letters):
        return _box(f"{ord(char):04X}")
    marks = [mark for mark in plain if mark in _ACCENTS]
    return _joined([_letter(letter, marks if at == 0 else []) for at, letter in enumerate(letters)])


def _letter(letter: str, marks: list[str]) -> list[int]:
    rows = [0] * _MARKS + list(_GLYPHS[letter])
    rows += [0] * (HEIGHT - len(rows))
    low = letter in "ij" or not any(rows[_MARKS : _MARKS + 2])
    for mark in marks:
        for at, dots in enumerate(_ACCENTS[mark], 2 if low else 0):
            rows[at] |= dots
    return rows


def _joined(letters: list[list[int]]) -> Shape:
    rows = [0] * HEIGHT
    for letter in letters:
        rows = [(row << 6) | dots for row, dots in zip(rows, letter, strict=True)]
    return Shape(6 * len(letters) - 1, tuple(rows))


def _box(digits: str) -> Shape:
    """A frame with digits in it."""
    width = 4 * len(digits) + 3
    rows = [0] * HEIGHT
    for at in range(3, HEIGHT - 2):
        rows[at] = (1 << (width - 1)) | 1
    rows[2] = rows[HEIGHT - 2] = (1 << width) - 1
    for place, digit in enumerate(digits):
        for at, dots in enumerate(_DIGITS[digit], 4):
            rows[at] |= dots << (width - 5 - 4 * place)
    return Shape(width, tuple(rows))
