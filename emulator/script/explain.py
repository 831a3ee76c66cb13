"""Why a fixture matched a request or did not, in words for errors, journal and command line; it decides nothing."""

from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from emulator.core.records import dataclass
from emulator.script.fixture import Fixture
from emulator.script.match import Row, matching, rows
from emulator.script.node import quoted
from emulator.script.order import Fixtures
from emulator.script.view import View

NEAR = 3  # near misses that are told
WIDEST = 2_000  # characters of a text in which a near one is looked for
ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Near:
    """One fixture against one request: its conditions, and what would make it match."""

    fixture: Fixture
    rows: tuple[Row, ...]
    hint: str = ""

    @property
    def held(self) -> int:
        """How many conditions held."""
        return sum(row.held for row in self.rows)

    @property
    def matched(self) -> bool:
        """Whether all of them did."""
        return self.held == len(self.rows)

    def told(self) -> str:
        """The fixture with its conditions, on one line."""
        counted = f"{self.held} of {len(self.rows)} conditions held" if self.rows else "it has no conditions"
        lines = "; ".join(told(row) for row in sorted(self.rows, key=lambda row: row.held))
        return f"{quoted(self.fixture.name)} ({self.fixture.where}), {counted}: {lines}."


def told(row: Row) -> str:
    """One condition with both values."""
    return f"{row.key} wanted {_shown(row.wanted)}, got {_shown(row.got)} ({'held' if row.held else 'failed'})"


def unmatched(fixtures: Sequence[Fixture], view: View, spent: Collection[str] = ()) -> str:
    """Why none of the fixtures matched: the closest one, condition by condition, and a hint.

    `spent` are the ids of those that have no matches left.
    """
    found = nearest(fixtures, view, spent, most=1)
    if not found:
        return "There is no fixture here: add one with --fixtures or POST /_emulator/fixtures."
    (near,) = found
    return f"Closest: {near.told()}{f' Hint: {near.hint}.' if near.hint else ''}"


def nearest(fixtures: Sequence[Fixture], view: View, spent: Collection[str] = (), most: int = NEAR) -> list[Near]:
    """The fixtures that came closest, the closest first; those that match are not among them."""
    missed = []
    for at, fixture in enumerate(fixtures):
        found = rows(fixture, view)
        if fixture.id in spent:
            found.append(Row("times", fixture.times, fixture.times, False))
        held = sum(row.held for row in found)
        if held < len(found):
            missed.append((len(found) - held, -held, at, fixture, tuple(found)))
    best = sorted(missed, key=lambda miss: miss[:3])[:most]
    return [Near(fixture, found, _hint(found, view)) for *_, fixture, found in best]


def explained(fixtures: Fixtures, view: View) -> tuple[Fixture | None, list[str]]:
    """Which fixture answers (given in order of precedence), and why, and the near misses, a line each."""
    found = list(matching(fixtures, view))
    lines = []
    for number, fixture in enumerate(found[: NEAR + 1]):
        near = Near(fixture, tuple(rows(fixture, view)))
        lines.append(f"{'answers' if number == 0 else 'matches too, but comes later'}: {near.told()}")
    if not found:
        lines.append("no fixture matches")
    lines += [
        f"near miss: {near.told()}{f' Hint: {near.hint}.' if near.hint else ''}" for near in nearest(fixtures, view)
    ]
    return (found[0] if found else None), lines


def _hint(found: Sequence[Row], view: View) -> str:
    return next((hint for row in found if not row.held for hint in _hints(row, view)), "")


def _hints(row: Row, view: View) -> Iterator[str]:
    """What would make a failed condition hold, where that can be told."""
    key = row.key.partition(".")[0]
    if row.key == "times":
        yield "it has matched as often as its 'times' allows; a reset of the fixtures counts anew"
    elif key == "tools":
        near = get_close_matches(row.wanted, row.got, n=1)
        yield f"the request offers {quoted(near[0])}" if near else "the request does not offer that tool"
    elif row.key == "tool_output":
        yield _tool_hint(row, view)
    elif key in ("background", "stream"):
        yield f"the request {'does not set' if row.wanted else 'sets'} {key}"
    elif key == "previous":
        yield _previous_hint(row, view)
    elif key == "turn":
        yield f"this is turn {row.got}"
    elif row.got is None:
        yield f"the request has no {row.key}"
    elif isinstance(row.wanted, str) and isinstance(row.got, str):
        yield from _text_hint(row.wanted, row.got)


def _tool_hint(row: Row, view: View) -> str:
    if row.got is not None:
        near = get_close_matches(row.wanted, [row.got], n=1)
        return f"the output is that of {quoted(row.got)}{', which is near' if near else ''}"
    return "the output's call is not known" if view.tool_text is not None else "the last input item is no tool output"


def _previous_hint(row: Row, view: View) -> str:
    request = view.ask.request
    if request.previous_response_id is None and request.conversation is None:
        return "the request has no previous_response_id"
    return f"the previous turn was answered by {quoted(row.got)}" if row.got else "the built-in model answered before"


def _text_hint(wanted: str, got: str) -> Iterator[str]:
    if wanted[:1] == "/" == wanted[-1:]:
        from emulator.script.patterns import Pattern

        if Pattern(f"(?i:{wanted[1:-1]})").search(got):
            yield f"it matches in any case: write /(?i){wanted[1:-1]}/"
        return
    if wanted.casefold() == got.casefold():
        yield "only upper and lower case differ"
        return
    near = near_text(wanted, got)
    if near:
        yield f"the request says {quoted(near)}, which is near"


def near_text(wanted: str, got: str) -> str:
    """The words of a text that are most like what was wanted; empty where none are."""
    words, length = got[:WIDEST].split(), max(1, len(wanted.split()))
    best, found = ALIKE, ""
    matcher = SequenceMatcher(None, "", wanted.casefold())
    for start in range(max(1, len(words) - length + 1)):
        piece = " ".join(words[start : start + length])
        matcher.set_seq1(piece.casefold())
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (alike := matcher.ratio()) > best:
            best, found = alike, piece
    return found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
