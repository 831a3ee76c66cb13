"""Which of many texts are in a long one, found in one walk over it; it knows neither fixtures nor requests.

Both are looked at as UTF-8. A few texts are looked for one by one. Many are left to a library where it is installed
(`automaton.py`); it is quick also where the long text is full of pieces of them.

Else they are filed by short pieces: the walk stops at every fourth byte, or what the length of the texts allows, so
each is filed under four pieces that follow one another, of which one must begin where the walk stops. What stands
around a piece that was found is then looked up whole. So neither the number of texts nor the pieces that they have in
common make a walk longer.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from emulator.script.automaton import Automaton, Places, automaton

Search = Callable[[Mapping[bytes, Places]], Automaton | None]
FEW = 20  # that are looked for one by one


class Size(NamedTuple):
    """Pieces of `width` bytes, looked at every `stride` bytes; `kind` is how a memoryview reads one as a number."""

    width: int
    stride: int
    kind: str

    @property
    def least(self) -> int:
        """The bytes that a text needs: wherever it begins, a whole piece of it must stand where the walk stops."""
        return self.width + self.stride - 1


LONG, USUAL = Size(8, 8, "Q"), Size(8, 4, "Q")
SIZES = (LONG, USUAL, Size(4, 4, "I"), Size(4, 2, "I"), Size(4, 1, "I"))  # the first that a text is long enough for


class Texts:
    """Texts with their places; `within` tells the places of those that another text holds."""

    def __init__(self, texts: Sequence[tuple[str, int]], search: Search = automaton) -> None:
        """`search` makes what looks for many; None of it, and this walks."""
        by_text: dict[bytes, Places] = {}
        for text, place in texts:
            by_text.setdefault(_raw(text), []).append(place)
        self._plain = by_text
        self._filed: Sequence[Automaton | _Filed] = ()
        if len(by_text) <= FEW:
            return
        found = search(by_text)
        if found is None:
            self._file(by_text)
        else:
            self._plain, self._filed = found.others, [found]

    def _file(self, by_text: Mapping[bytes, Places]) -> None:
        by_size: dict[Size | None, dict[bytes, Places]] = {}
        for raw, places in by_text.items():
            size = next((size for size in SIZES if len(raw) >= size.least), None)
            by_size.setdefault(size, {})[raw] = places
        if len(by_size.get(USUAL, ())) > FEW:  # one walk that stops twice as often, not two
            by_size[USUAL] |= by_size.pop(LONG, {})
        self._plain = by_size.pop(None, {})
        filed = []
        for size, found in by_size.items():
            if size is None or len(found) <= FEW:
                self._plain |= found
            else:
                filed.append(_Filed(size, found))
        self._filed = filed

    def __bool__(self) -> bool:
        return bool(self._plain or self._filed)

    def within(self, text: str) -> Places:
        """The places of the texts that are in this one, in no order, each once."""
        raw = _raw(text)
        found = [places for wanted, places in self._plain.items() if wanted in raw]
        for filed in self._filed:
            found += filed.within(raw)
        return [place for places in found for place in places]


class _Filed:
    """Texts of one size by their pieces: piece -> its offset in a text, and the texts that have it there."""

    def __init__(self, size: Size, texts: dict[bytes, Places]) -> None:
        self._size = size
        self._places = texts
        by_piece: dict[int, dict[int, list[bytes]]] = {}
        common = Counter(piece for raw in texts for piece in set(_pieces(raw, size.width)))
        for raw in texts:
            pieces = _pieces(raw, size.width)
            first = _rarest([common[piece] for piece in pieces], size.stride)
            for offset in range(first, first + size.stride):
                number = int.from_bytes(pieces[offset], sys.byteorder)
                by_piece.setdefault(number, {}).setdefault(offset, []).append(raw)
        self._pieces = frozenset(by_piece)
        self._by_piece = {
            piece: [(offset, tuple(found)) for offset, found in offsets.items()] for piece, offsets in by_piece.items()
        }

    def within(self, raw: bytes) -> Iterable[Places]:
        """The places of those that are in these bytes."""
        found: set[bytes] = set()
        for at, piece in self._known(raw):
            for offset, texts in self._by_piece[piece]:
                start = at - offset
                if start >= 0 and raw.startswith(texts, start):
                    found.update(text for text in texts if raw.startswith(text, start))
        return [self._places[text] for text in found]

    def _known(self, raw: bytes) -> Iterator[tuple[int, int]]:
        """Where a piece of some text begins, and which."""
        width, stride, kind = self._size
        for shift in range(0, width, stride):
            end = shift + (len(raw) - shift) // width * width
            if end <= shift:
                continue
            numbers = memoryview(raw)[shift:end].cast(kind)  # type: ignore[call-overload]
            # Far quicker than to look at each here, and mostly there are none or few.
            known = self._pieces.intersection(numbers)
            if len(known) > FEW:
                for at in compress(range(len(numbers)), map(known.__contains__, numbers)):
                    yield shift + at * width, numbers[at]
            else:
                for piece in known:
                    for at in _occurrences(raw, piece.to_bytes(width, sys.byteorder)):
                        yield at, piece


def _occurrences(raw: bytes, piece: bytes) -> Iterator[int]:
    at = raw.find(piece)
    while at >= 0:
        yield at
        at = raw.find(piece, at + 1)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _pieces(raw: bytes, width: int) -> list[bytes]:
    return [raw[at : at + width] for at in range(len(raw) - width + 1)]


def _rarest(counts: Sequence[int], most: int) -> int:
    """Where so many counts in a row come to the least."""
    return min(range(len(counts) - most + 1), key=lambda at: sum(counts[at : at + most]))
