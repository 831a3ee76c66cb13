"""Fixtures in order of precedence, and which of them may match a request at all; whether one does is asked later."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from operator import attrgetter

from emulator.core.once import once
from emulator.script.automaton import Places
from emulator.script.fixture import Fixture
from emulator.script.texts import Texts
from emulator.script.view import View

KINDS = ("tool_output", "text", "tools", "model")  # the most telling clue first


class Fixtures(tuple[Fixture, ...]):  # noqa: SLOT001 (its index is kept in the instance)
    """All fixtures of a namespace, in order of precedence.

    Each is filed under one clue, something without which it cannot match. So a request is held against few of them.
    What was joined of `parts` asks each of them, which keeps what it has filed.
    """

    parts: tuple["Fixtures", ...] = ()

    @once
    def _filed(self) -> tuple[dict[tuple[str, str], Places], Texts, Places]:
        """The places of fixtures by clue, by a text that must be in the input, and of those without any clue."""
        by_clue: dict[tuple[str, str], Places] = {}
        texts: list[tuple[str, int]] = []
        others: Places = []
        for place, fixture in enumerate(self):
            if fixture.served:
                continue
            clues: Mapping[str, str] = dict(one.clue for one in reversed(fixture.when.conditions) if one.clue)
            kind = next((kind for kind in KINDS if kind in clues), None)
            if kind is None:
                others.append(place)
            elif kind == "text":
                texts.append((clues[kind], place))
            else:
                by_clue.setdefault((kind, clues[kind]), []).append(place)
        return by_clue, Texts(texts), others

    @once
    def served(self) -> Mapping[str, Fixture]:
        """Those that say what a URL leads to, by URL; the first in order counts."""
        found: dict[str, Fixture] = {}
        for fixture in self:
            if fixture.served:
                found.setdefault(fixture.served.url, fixture)
        return found

    def candidates(self, view: View) -> Iterator[Fixture]:
        """Those that may match, in order."""
        if self.parts:
            return merge(*(part.candidates(view) for part in self.parts), key=attrgetter("rank"), reverse=True)
        by_clue, texts, others = self._filed
        places = [*others, *(texts.within(view.input_folded) if texts else ())]
        if by_clue:
            for clue in _clues(view):
                places += by_clue.get(clue, ())
        return map(self.__getitem__, sorted(places))


def _clues(view: View) -> Sequence[tuple[str, str]]:
    clues = [("model", view.model), *(("tools", tool) for tool in dict.fromkeys(view.tools))]
    return clues if view.tool_output is None else [*clues, ("tool_output", view.tool_output)]


def ordered(fixtures: Iterable[Fixture]) -> Fixtures:
    """Fixtures in order of precedence, the one rule (docs/reference/fixtures.md).

    First comes the higher `priority`, then what came at run time, then a fixture that asks for a `tool_output`, then
    the one with more conditions, then the later one.
    """
    return merged(tuple(fixtures)[::-1])


def merged(*groups: Iterable[Fixture]) -> Fixtures:
    """Groups that are each in order of precedence as one that is."""
    return Fixtures(sorted(chain.from_iterable(groups), key=attrgetter("rank"), reverse=True))


def joined(*parts: Fixtures) -> Fixtures:
    """The same of groups of which most come again: what they have filed is not filed anew."""
    whole = merged(*parts)
    whole.parts = parts
    return whole
