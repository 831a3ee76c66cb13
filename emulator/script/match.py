"""Which fixtures match a request, in which order, and why; it looks at no fixture's words and counts nothing."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emulator.script.ask import Ask
from emulator.script.fixture import Fixture
from emulator.script.order import Fixtures, ordered
from emulator.script.view import View


class Row(NamedTuple):
    """One condition against one request: what was wanted, what the request has, and whether it held."""

    key: str
    wanted: Any
    got: Any
    held: bool


def conditions(fixture: Fixture, ask: Ask) -> list[Row]:
    """Every condition of the fixture, in the order written, with both values; it matches when all held."""
    return rows(fixture, View(ask))


def rows(fixture: Fixture, view: View) -> list[Row]:
    """The same against a view of the request."""
    return [Row(one.key, one.wanted, one.got(view), one.test(view)) for one in fixture.when.conditions]


def matching(fixtures: Fixtures, view: View) -> Iterator[Fixture]:
    """Those whose conditions all hold, in order of precedence."""
    for fixture in fixtures.candidates(view):
        for test in fixture.when.tests:
            if not test(view):
                break
        else:
            yield fixture


def choose(fixtures: Iterable[Fixture], ask: Ask) -> Fixture | None:
    """The fixture that comes first among those that match, whatever was counted; None where none does."""
    return next(matching(ordered(fixtures), View(ask)), None)
