"""Lists by time: what was made at one moment keeps its order, and pages leave no gap; no table is known here."""

from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, tuple_

from emulator.core.records import dataclass

# The smallest step that a time of this century can be moved by, and well below what anyone measures.
TICK = 1e-6


class Made(Protocol):
    """A row with its place in a list: by time and, within one moment, by id."""

    @property
    def created_at(self) -> float:
        """Seconds."""

    @property
    def id(self) -> str:
        """Its id."""


Row = TypeVar("Row", bound=Made)


def next_time(connection: Connection, table: Table, at: float, *among: ColumnElement[bool]) -> float:
    """The time of a row that is made at `at`: a tick behind the newest of that second `among` the rows of its list."""
    # Only within one second: a row made while the clock was ahead must not date the later ones.
    created_at = table.c.created_at
    newest: float | None = connection.scalar(
        select(func.max(created_at)).where(*among, created_at >= at, created_at < at + 1)
    )
    return at if newest is None else newest + TICK


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Which rows of a list: at most `limit`, the nearest behind `after` or, without it, before `before`."""

    limit: int
    newest_first: bool = True
    after: Row | None = None
    before: Row | None = None


def page_of(connection: Connection, query: Select[Any], table: Table, asked: Page[Any]) -> list[Any]:
    """The rows of a page, in its order."""
    if asked.before is None or asked.after is not None:
        query = paged(query, table, asked.limit, newest_first=asked.newest_first, after=asked.after)
        return list(connection.execute(query))
    query = paged(query, table, asked.limit, newest_first=not asked.newest_first, after=asked.before)
    return list(connection.execute(query))[::-1]


def paged(query: Select[Any], table: Table, limit: int, *, newest_first: bool, after: Made | None) -> Select[Any]:
    """At most `limit` rows of a query, behind `after` in that order."""
    place = (table.c.created_at, table.c.id)
    if after is not None:
        last = (after.created_at, after.id)
        query = query.where(tuple_(*place) < last if newest_first else tuple_(*place) > last)
    return query.order_by(*([column.desc() for column in place] if newest_first else place)).limit(limit)
