"""The rows of the journal: a ring of the newest requests of each namespace; what an entry says is decided elsewhere.

Every function takes a connection and is run by `Store.read` or `Store.write`.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select

from emulator.core.records import dataclass
from emulator.store import counters
from emulator.store.driver import add_rows
from emulator.store.schema import journal, namespaces

RING = 1_000  # entries of a namespace
_values = itemgetter(*(column.name for column in journal.columns if column is not journal.c.number))

# By its key: a list of names would be compiled anew each time.
_NAME = select(namespaces.c.name).where(namespaces.c.name == bindparam("ns"))
_OLDEST = (
    select(journal.c.number)
    .where(journal.c.namespace == bindparam("ns"))
    .order_by(journal.c.number.desc())
    .offset(bindparam("most"))
    .limit(1)
)
_TRIM = delete(journal).where(journal.c.namespace == bindparam("ns"), journal.c.number <= _OLDEST.scalar_subquery())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: numbers after and before (both exclusive), the columns' values, and what `test` says of one."""

    after: int | None = None
    before: int | None = None
    since: float | None = None
    path: str | None = None
    columns: Mapping[str, Any] | None = None
    test: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its number, which grows, and the JSON of the rest."""

    number: int
    entry: bytes


def add(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    most: int = RING,
    counted: Mapping[str, Mapping[str, int]] | None = None,
) -> None:
    """Add entries and what was `counted`, and drop each namespace's oldest entries beyond `most`.

    Of a namespace that is gone nothing is kept.
    """
    counted = counted or {}
    names = {row["namespace"] for row in rows}
    there = {name for name in {*names, *counted} if connection.scalar(_NAME, {"ns": name})}
    for name in sorted(there.intersection(counted)):
        counters.add(connection, name, counted[name])
    there &= names
    kept = rows if there == names else [row for row in rows if row["namespace"] in there]
    add_rows(connection, journal, [_values(row) for row in kept])
    for name in sorted(there):
        connection.execute(_TRIM, {"ns": name, "most": most})


def page(connection: Connection, namespace: str, wanted: Wanted, most: int) -> list[Entry]:
    """At most so many entries that are wanted, the newest first."""
    query = select(journal.c.number, journal.c.entry).where(journal.c.namespace == namespace, *_conditions(wanted))
    query = query.order_by(journal.c.number.desc())
    if wanted.test is None:
        return [Entry(*row) for row in connection.execute(query.limit(most))]
    found: list[Entry] = []
    with connection.execute(query) as result:
        for row in result:
            if wanted.test(row.entry):
                found.append(Entry(*row))
                if len(found) == most:
                    break
    return found


def clear(connection: Connection, namespace: str) -> int:
    """Remove every entry of a namespace; how many there were."""
    return connection.execute(delete(journal).where(journal.c.namespace == namespace)).rowcount


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [journal.c[name] == value for name, value in (wanted.columns or {}).items()]
    if wanted.after is not None:
        conditions.append(journal.c.number > wanted.after)
    if wanted.before is not None:
        conditions.append(journal.c.number < wanted.before)
    if wanted.since is not None:
        conditions.append(journal.c.at >= wanted.since)
    if wanted.path is not None:  # no LIKE: it does not tell upper from lower case everywhere
        conditions.append(func.substr(journal.c.path, 1, len(wanted.path)) == wanted.path)
    return conditions
