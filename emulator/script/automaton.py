"""Many texts looked for at once by a library, where it is installed; without it `texts.py` walks.

It is an extra because it has no wheel for every system that the emulator runs on, Alpine for one.
"""

from collections.abc import Collection, Iterable, KeysView, Mapping
from importlib.util import find_spec

Places = list[int]
PACKAGE = "ahocorasick_rs"
AT_ONCE = 1 << 16  # bytes: what is found in them is a list, which must not grow with what a client sends
LONGEST = 1 << 12  # bytes of a text: each part is looked at with as many more; longer ones are soon found by themselves
DEEPEST = 8  # texts that end one in another: where the longest is, all of them are found


class Automaton:
    """Texts with their places, looked for together; `others` are those that had better be looked for one by one."""

    def __init__(self, texts: Mapping[bytes, Places]) -> None:
        import ahocorasick_rs

        shared = together([raw for raw in texts if len(raw) <= LONGEST])
        self.others = {raw: texts[raw] for raw in texts.keys() - shared}
        self._places = [texts[raw] for raw in shared]
        self._find = ahocorasick_rs.BytesAhoCorasick(list(shared)).find_matches_as_indexes
        self._over = max(map(len, shared), default=1) - 1  # of a text that begins in one part and ends in the next

    def within(self, raw: bytes) -> Iterable[Places]:
        """The places of those that are in these bytes; it takes as long for many texts as for one."""
        found: set[int] = set()
        for start in range(0, len(raw), AT_ONCE):
            part = raw[start : start + AT_ONCE + self._over]
            found.update(number for number, _, _ in self._find(part, overlapping=True))
        return [self._places[number] for number in found]


def automaton(texts: Mapping[bytes, Places]) -> Automaton | None:
    """What looks for the texts; None where the library is not installed."""
    return Automaton(texts) if find_spec(PACKAGE) else None


def together(texts: Collection[bytes]) -> KeysView[bytes]:
    """Those that can be looked for together, so that at each place of a long text a few of them are found at most.

    A single byte is not one of them, it is soon found by itself; nor is one in which many others end.
    """
    lengths = sorted({len(text) for text in texts}, reverse=True)
    depth: dict[bytes, int] = {}
    for text in sorted(texts, key=len):
        ends = (text[-length:] for length in lengths if length < len(text))
        below = next((depth[end] for end in ends if end in depth), 0)
        if len(text) > 1 and below < DEEPEST:
            depth[text] = below + 1
    return depth.keys()
