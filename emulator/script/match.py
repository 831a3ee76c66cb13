"""Which fixture answers a request, and why; it looks at no fixture's words and counts nothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from emulator.script.ask import Ask
from emulator.script.fixture import Fixture
from emulator.script.when import View


class Row(NamedTuple):
    """One condition against one request: what was wanted, what the request has, and whether it held."""

    key: str
    wanted: Any
    got: Any
    held: bool


def conditions(fixture: Fixture, ask: Ask) -> list[Row]:
    """Every condition of the fixture, in the order written, with both values; it matches when all held."""
    view = View(ask)
    return [Row(one.key, one.wanted, one.got(view), one.test(view)) for one in fixture.when.conditions]


def choose(fixtures: Sequence[Fixture], ask: Ask) -> Fixture | None:
    """The fixture that answers, or None.

    Among those whose conditions all hold, first comes the higher `priority`, then a fixture that names a
    `tool_output`, then the one with more conditions, then the later one (docs/reference/fixtures.md).
    """
    view = View(ask)
    best: Fixture | None = None
    for fixture in reversed(fixtures):
        if best is not None and fixture.rank <= best.rank:
            continue
        for test in fixture.when.tests:
            if not test(view):
                break
        else:
            best = fixture
    return best
