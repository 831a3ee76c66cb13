"""Figures of several rounds as medians, ratios per round and tables; it measures nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

BEGIN, END = "<!-- the last run: begin -->", "<!-- the last run: end -->"


class Pair(NamedTuple):
    """A figure of our server and, in the same round, of what it is measured against."""

    ours: float | None
    against: float | None = None

    def ratio(self) -> float | None:
        """Ours by the other; None where one of them is missing."""
        return self.ours / self.against if self.ours and self.against else None


Rounds = dict[str, list[Pair]]


@dataclass(frozen=True, slots=True)
class Floor:
    """What the ratio of a figure (or, with `absolute`, the figure itself) must keep to."""

    key: str
    text: str
    least: float = float("-inf")
    most: float = float("inf")
    absolute: bool = False

    def value(self, rounds: Rounds) -> float:
        """The median that is judged."""
        pairs = rounds[self.key]
        return median([pair.ours if self.absolute else pair.ratio() for pair in pairs])

    def holds(self, rounds: Rounds) -> bool:
        """Whether the floor is kept."""
        return self.least <= self.value(rounds) <= self.most


FLOORS = (
    Floor("create.c64.rps", "create at 64 connections, requests/s by the bare app's", least=0.2),
    Floor("stream.c16.eps", "stored 2,000-event stream at 16, events/s by the bare app's", least=2.0),
    Floor("chain.p50", "turn 200 of a chain by turn 2", most=1.5),
    Floor("stop.seconds", "seconds to stop with open streams", most=3.0, absolute=True),
)


def _create(connections: int) -> tuple[tuple[str, str, str], ...]:
    head, name = f"create.c{connections}", f"create, {connections} connection{'s' * (connections > 1)}"
    return (
        (f"{head}.rps", f"{name}: requests/s", ",.0f"),
        (f"{head}.p50", f"{name}: p50, ms", ".2f"),
        (f"{head}.p99", f"{name}: p99, ms", ".2f"),
        (f"{head}.client", f"{name}: client's share of a core", ".2f"),
    )


def _stream(connections: int) -> tuple[tuple[str, str, str], ...]:
    head, name = f"stream.c{connections}", f"{connections} stream{'s' * (connections > 1)}"
    return (
        (f"{head}.eps", f"{name}: events/s", ",.0f"),
        (f"{head}.first.p50", f"{name}: first event p50, ms", ".2f"),
        (f"{head}.first.p99", f"{name}: first event p99, ms", ".2f"),
        (f"{head}.p50", f"{name}: whole stream p50, ms", ".1f"),
        (f"{head}.client", f"{name}: client's share of a core", ".2f"),
    )


SIDE_BY_SIDE = (
    *(row for connections in (1, 16, 64) for row in _create(connections)),
    *(row for connections in (1, 16, 64) for row in _stream(connections)),
    ("cold.ready", "cold start: spawn to ready line, ms", ".0f"),
    ("cold.first", "cold start: spawn to first 200, ms", ".0f"),
    ("memory.start", "memory at start, MB", ".1f"),
    ("memory.after", "memory after the load, MB", ".1f"),
)
ALONE = (
    ("background.ack.p50", "background create answered: p50, ms", ".2f"),
    ("background.ack.p99", "background create answered: p99, ms", ".2f"),
    ("background.whole.p50", "saved log of the long stream, from its start: p50, ms", ".1f"),
    ("background.half.p50", "the same from its middle: p50, ms", ".1f"),
    ("stop.seconds", "SIGTERM to exit with 16 open streams, s", ".2f"),
)
CHAIN = (("chain.p50", "create, p50, ms", ".2f"), ("chain.p99", "create, p99, ms", ".2f"))


def spread(values: Sequence[float | None], form: str) -> str:
    """`median [least..most]`, or a dash where there is nothing."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return format(known[0], form)
    return f"{median(known):{form}} [{min(known):{form}}..{max(known):{form}}]"


def tables(rounds: Rounds) -> str:
    """All figures, as tables of Markdown."""
    parts = (
        _table(("what", "ours", "bare app", "ours / bare app"), SIDE_BY_SIDE, rounds),
        _table(("chain of 200 turns", "turn 200", "turn 2", "turn 200 / turn 2"), CHAIN, rounds),
        _table(("ours alone", "ours"), ALONE, rounds),
    )
    return "\n\n".join(parts)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, str, str]], rounds: Rounds) -> str:
    lines = [heads, ("---",) * len(heads)]
    for key, label, form in rows:
        pairs = rounds.get(key, [])
        cells = [label, spread([pair.ours for pair in pairs], form)]
        if len(heads) > 2:
            cells.append(spread([pair.against for pair in pairs], form))
            cells.append("" if key.endswith(".client") else spread([pair.ratio() for pair in pairs], ".2f"))
        lines.append(tuple(cells))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(rounds: Rounds) -> list[str]:
    """One line a floor."""
    return [f"{'ok  ' if each.holds(rounds) else 'MISS'}  {each.text}: {_told(each, rounds)}" for each in FLOORS]


def _told(floor: Floor, rounds: Rounds) -> str:
    bound = f"at least {floor.least:g}" if floor.least > float("-inf") else f"at most {floor.most:g}"
    return f"{floor.value(rounds):.2f} ({bound})"


def replace_run(page: str, run: str) -> str:
    """The page with another run between its two marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{run}\n{END}{rest.split(END)[1]}"
