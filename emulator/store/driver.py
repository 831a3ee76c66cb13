"""Straight to SQLite's driver, for what is asked of the store again and again; it knows no table.

The library writes and understands the SQL, once. Its way through parameters, contexts and results costs several times
what the driver itself takes for a row that is found by its key.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Connection, Select, Table, insert
from sqlalchemy.dialects.sqlite import dialect

DIALECT = dialect()


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def add_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows with a value for every column, in order; a number that the database gives has none."""
    if rows:
        driver_of(connection).executemany(_insert_of(table), rows)


def fetch(connection: Connection, statement: Select[Any], values: Mapping[str, Any]) -> list[Any]:
    """All rows, as tuples, of a statement that is the same object each time; `values` are those of its `bindparam`s."""
    sql, names, fixed, truths = _select_of(statement)
    given = {**fixed, **values} if fixed else values
    rows = driver_of(connection).execute(sql, [given[name] for name in names]).fetchall()
    return [_read(row, truths) for row in rows] if truths else rows


def find(connection: Connection, statement: Select[Any], values: Mapping[str, Any]) -> Any:
    """The only row of such a statement, or None."""
    rows = fetch(connection, statement, values)
    return rows[0] if rows else None


def _read(row: Sequence[Any], truths: Sequence[int]) -> tuple[Any, ...]:
    """The row with its numbers that stand for yes or no as such; all else comes as it is."""
    read = list(row)
    for place in truths:
        read[place] = None if read[place] is None else bool(read[place])
    return tuple(read)


@lru_cache
def _insert_of(table: Table) -> str:
    given = [column.name for column in table.columns if column.autoincrement is not True]
    return str(insert(table).compile(dialect=DIALECT, column_keys=given))


@lru_cache
def _select_of(statement: Select[Any]) -> tuple[str, Sequence[str], Mapping[str, Any], Sequence[int]]:
    """The SQL, the names of its parameters in order, the values of those that it has itself, its yes-or-no columns."""
    compiled: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    truths = [place for place, column in enumerate(statement.selected_columns) if isinstance(column.type, Boolean)]
    return compiled.string, compiled.positiontup or (), fixed, truths
