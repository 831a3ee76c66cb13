"""The rows of namespaces with what is scripted and counted in them; nothing here decides what a script means.

Every function takes a connection and is run by `Store.read` or `Store.write`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from emulator.store.schema import (
    chunks,
    container_files,
    containers,
    counters,
    file_pieces,
    files,
    items,
    journal,
    namespaces,
    responses,
    scripts,
    vector_store_batches,
    vector_store_chunks,
    vector_store_files,
    vector_stores,
)

# What a reset of each scope empties; `all` empties every one, and sets the clock back too.
SCOPES: Mapping[str, Sequence[Table]] = {
    "state": (
        *(responses, chunks, items, files, file_pieces, containers, container_files),
        *(vector_stores, vector_store_files, vector_store_chunks, vector_store_batches),
    ),
    "fixtures": (),
    "journal": (journal,),
    "faults": (),
    "clock": (),
}


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """One namespace: see `store/schema.py`. Times are seconds, `used_at` of the machine's clock."""

    name: str
    used_at: float
    revision: int = 0
    seed: str | None = None
    counter: int = 0
    clock_mode: str = "real"
    clock_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """A fixture or a fault as it was sent: `source` is JSON."""

    id: str
    position: int
    source: bytes


_COLUMNS = tuple(namespaces.c)
_GET = select(*_COLUMNS).where(namespaces.c.name == bindparam("ns"))
_COUNT = select(counters.c.name, counters.c.value).where(counters.c.namespace == bindparam("ns"))


def get(connection: Connection, name: str) -> NamespaceRow | None:
    """The row of a namespace; None where nobody has used it."""
    found = connection.execute(_GET, {"ns": name}).first()
    return NamespaceRow(*found) if found else None


def use(connection: Connection, name: str, now: float, most: int) -> tuple[NamespaceRow, list[str]]:
    """Note that a namespace is used; a new one takes the place of the oldest where there are `most` already.

    Returns its row and the names of those that went.
    """
    row = get(connection, name)
    if row is not None:
        connection.execute(update(namespaces).where(namespaces.c.name == name).values(used_at=now))
        return row, []
    there = connection.scalar(select(func.count()).select_from(namespaces)) or 0
    oldest = select(namespaces.c.name).order_by(namespaces.c.used_at).limit(max(0, there - most + 1))
    gone = list(connection.scalars(oldest))
    for old in gone:
        remove(connection, old)
    row = NamespaceRow(name, now)
    connection.execute(insert(namespaces), {column.name: getattr(row, column.name) for column in _COLUMNS})
    return row, gone


def names(connection: Connection) -> list[NamespaceRow]:
    """All namespaces, the last used first."""
    rows = connection.execute(select(*_COLUMNS).order_by(namespaces.c.used_at.desc()))
    return [NamespaceRow(*row) for row in rows]


def change(connection: Connection, name: str, **values: Any) -> NamespaceRow:
    """Set columns of a namespace and let every server see that it changed."""
    statement = update(namespaces).where(namespaces.c.name == name)
    connection.execute(statement.values(**values, revision=namespaces.c.revision + 1))
    return get(connection, name) or NamespaceRow(name, 0.0)


def take_numbers(connection: Connection, name: str, most: int) -> int:
    """Reserve `most` numbers for ids; the first of them. No server ever gets them again."""
    first = connection.scalar(select(namespaces.c.counter).where(namespaces.c.name == name)) or 0
    connection.execute(update(namespaces).where(namespaces.c.name == name).values(counter=namespaces.c.counter + most))
    return first


def all_scripts(connection: Connection, name: str, kind: str) -> list[Script]:
    """The fixtures or faults of a namespace in the order in which they were added."""
    query = select(scripts.c.id, scripts.c.position, scripts.c.source)
    query = query.where(scripts.c.namespace == name, scripts.c.kind == kind).order_by(scripts.c.position)
    return [Script(*row) for row in connection.execute(query)]


def add_scripts(connection: Connection, name: str, kind: str, sources: Mapping[str, bytes]) -> None:
    """Add fixtures or faults by id; one with the same id is replaced and stands last."""
    drop_scripts(connection, name, kind, list(sources))
    last = select(func.max(scripts.c.position)).where(scripts.c.namespace == name, scripts.c.kind == kind)
    first = (connection.scalar(last) or 0) + 1
    rows = [
        {"namespace": name, "kind": kind, "id": script_id, "position": first + number, "source": source}
        for number, (script_id, source) in enumerate(sources.items())
    ]
    if rows:
        connection.execute(insert(scripts), rows)
    change(connection, name)


def drop_scripts(connection: Connection, name: str, kind: str, ids: Sequence[str] | None = None) -> int:
    """Remove fixtures or faults, all where `ids` is None, with what was counted of them; how many went."""
    statement = delete(scripts).where(scripts.c.namespace == name, scripts.c.kind == kind)
    counted = delete(counters).where(counters.c.namespace == name)
    if ids is None:
        counted = counted.where(counters.c.name.like(f"{kind}:%"))
    else:
        statement = statement.where(scripts.c.id.in_(ids))
        counted = counted.where(counters.c.name.in_([f"{kind}:{script_id}" for script_id in ids]))
    gone = connection.execute(statement).rowcount
    connection.execute(counted)
    change(connection, name)
    return gone


def counts(connection: Connection, name: str) -> dict[str, float]:
    """Everything counted in a namespace, by name (`fixture:ID`, `fault:ID`, `rate:...`)."""
    return {row.name: row.value for row in connection.execute(_COUNT, {"ns": name})}


def count(connection: Connection, name: str, counter: str, value: float) -> None:
    """Set one counter."""
    key = (counters.c.namespace == name, counters.c.name == counter)
    if not connection.execute(update(counters).where(*key).values(value=value)).rowcount:
        connection.execute(insert(counters).values(namespace=name, name=counter, value=value))


def reset(connection: Connection, name: str, scopes: Sequence[str]) -> None:
    """Empty what the scopes name, of this namespace and in this one transaction."""
    for scope in scopes:
        for table in SCOPES[scope]:
            connection.execute(delete(table).where(table.c.namespace == name))
        if scope in ("fixtures", "faults"):
            drop_scripts(connection, name, scope.removesuffix("s"))
        if scope == "faults":
            drop_scripts(connection, name, "limit")
        if scope == "fixtures":  # with what was set for them, such as `unmatched`
            drop_scripts(connection, name, "setting")
        if scope == "state":
            connection.execute(delete(counters).where(counters.c.namespace == name))
        if scope == "clock":
            change(connection, name, clock_mode="real", clock_at=0.0)
    change(connection, name)


def remove(connection: Connection, name: str) -> None:
    """Forget a namespace with all that it owns."""
    reset(connection, name, list(SCOPES))
    connection.execute(delete(namespaces).where(namespaces.c.name == name))
