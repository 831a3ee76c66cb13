"""What is wrong with fixtures, all of it at once, the shadowed and unreachable ones too; it mends nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from emulator.script.fixture import Fixture, FixtureError, entries_of, from_node
from emulator.script.load import checked, files_of, read_entries
from emulator.script.node import quoted
from emulator.script.order import ordered


def lint(path: Path) -> tuple[int, list[str]]:
    """How many fixtures are good, and a line for everything that is wrong, each with its place."""
    fixtures: list[Fixture] = []
    wrong: list[str] = []
    for file in _files(path, wrong):
        try:
            nodes = entries_of(read_entries(file))
        except FixtureError as error:
            wrong.append(str(error))
            continue
        for node in nodes:
            try:
                fixtures.append(from_node(node))
            except FixtureError as error:
                wrong.append(str(error))
    try:
        list(checked(fixtures))
    except FixtureError as error:
        wrong.append(str(error))
    wrong += [*_shadowed(fixtures), *_unreachable(fixtures)]
    return len(fixtures), wrong


def _files(path: Path, wrong: list[str]) -> list[Path]:
    try:
        return files_of(path)
    except OSError as error:
        wrong.append(f"{path}: cannot be read: {error.strerror}")
        return []


def _shadowed(fixtures: Sequence[Fixture]) -> Iterator[str]:
    """Fixtures that never answer, because another one matches whatever they match and goes first."""
    seen: list[tuple[frozenset[tuple[str, str]], Fixture]] = []
    for fixture in ordered(fixture for fixture in fixtures if not fixture.served):
        wanted = frozenset((one.key, repr(one.wanted)) for one in fixture.when.conditions)
        above = next((other for conditions, other in seen if conditions <= wanted), None)
        if above:
            how = "has the same conditions" if len(above.when.conditions) == len(wanted) else "asks for less"
            yield (
                f"{fixture.where}: {quoted(fixture.name)} never answers: {quoted(above.name)} ({above.where}) "
                f"{how} and goes first; give one of them another priority or other conditions"
            )
        elif fixture.times is None:  # what stops matching leaves room
            seen.append((wanted, fixture))


def _unreachable(fixtures: Sequence[Fixture]) -> Iterator[str]:
    names = {fixture.name for fixture in fixtures}
    for fixture in fixtures:
        for condition in fixture.when.conditions:
            if condition.key == "previous" and condition.wanted not in names:
                yield (
                    f"{fixture.where}: {quoted(fixture.name)} never answers: when.previous names "
                    f"{quoted(condition.wanted)}, and no fixture has that name"
                )
