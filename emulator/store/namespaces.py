"""The rows of namespaces with what is scripted and counted in them; nothing here decides what a script means.

Every function takes a connection and is run by `Store.read` or `Store.write`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, exists, func, insert, or_, select, update

from emulator.core.records import dataclass
from emulator.store.driver import add_rows, fetch, find
from emulator.store.schema import (
    chunks,
    container_files,
    containers,
    conversation_items,
    conversation_turns,
    conversations,
    counters,
    file_pieces,
    files,
    items,
    journal,
    namespaces,
    responses,
    scripts,
    upload_parts,
    uploads,
    vector_store_batches,
    vector_store_chunks,
    vector_store_files,
    vector_stores,
    webhook_deliveries,
    webhooks,
)

# What a reset of each scope empties; `all` empties every one, and sets the clock back too.
SCOPES: Mapping[str, Sequence[Table]] = {
    "state": (
        *(responses, chunks, items, files, file_pieces, containers, container_files, counters),
        *(vector_stores, vector_store_files, vector_store_chunks, vector_store_batches),
        *(uploads, upload_parts),
        *(conversations, conversation_items, conversation_turns),
    ),
    "fixtures": (),
    "journal": (journal,),
    "faults": (),
    "clock": (),
    "webhooks": (webhooks, webhook_deliveries),
}


# What is scripted, by scope: a reset of the fixtures takes along what was set for them, such as `unmatched`.
KINDS: Mapping[str, Sequence[str]] = {"fixtures": ("fixture", "setting"), "faults": ("fault", "limit")}
# Under which prefixes a kind of script is counted, where it is not its own alone.
COUNTED: Mapping[str, Sequence[str]] = {"fixture": ("fixture", "hits")}


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
    seal_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Script:
    """A fixture, a fault, a limit or a setting (its `kind`) as it was sent: `source` is JSON."""

    kind: str
    id: str
    source: bytes


_COLUMNS = tuple(namespaces.c)
_GET = select(*_COLUMNS).where(namespaces.c.name == bindparam("ns"))
_EMPTY = {
    table: delete(table).where(table.c.namespace == bindparam("ns")) for tables in SCOPES.values() for table in tables
}
_USED = update(namespaces).where(namespaces.c.name == bindparam("ns")).values(used_at=bindparam("now"))
_SCRIPTS = select(scripts.c.kind, scripts.c.id, scripts.c.source)
_SCRIPTS = _SCRIPTS.where(scripts.c.namespace == bindparam("ns")).order_by(scripts.c.position)
# How many namespaces there are, and whether anything is scripted in one.
_AROUND = select(
    select(func.count()).select_from(namespaces).scalar_subquery(),
    or_(*(exists().where(table.c.namespace == bindparam("ns")) for table in (scripts, webhooks))),
)
_COUNT = select(counters.c.name, counters.c.value).where(counters.c.namespace == bindparam("ns"))


def get(connection: Connection, name: str) -> NamespaceRow | None:
    """The row of a namespace; None where nobody has used it."""
    found = find(connection, _GET, {"ns": name})
    return NamespaceRow(*found) if found else None


def use(
    connection: Connection, name: str, now: float, most: int, *, seal_key: str | None = None
) -> tuple[NamespaceRow, list[str]]:
    """Note that a namespace is used; a new one takes the place of the oldest where there are `most` already.

    A new one gets this `seal_key`. Returns its row and the names of those that went.
    """
    row = get(connection, name)
    if row is not None:
        connection.execute(_USED, {"ns": name, "now": now})
        return row, []
    gone: list[str] = []
    ((number, scripted),) = fetch(connection, _AROUND, {"ns": name})
    over = number - most + 1
    if over > 0:
        gone += connection.scalars(select(namespaces.c.name).order_by(namespaces.c.used_at).limit(over))
    for old in gone:
        remove(connection, old)
    # What is scripted is there already where it was added while the namespace went.
    row = NamespaceRow(name, now, revision=int(scripted), seal_key=seal_key)
    add_rows(connection, namespaces, [[getattr(row, column.name) for column in namespaces.columns]])
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


def all_scripts(connection: Connection, name: str) -> list[Script]:
    """What is scripted in a namespace, those of a kind in the order in which they were added."""
    return [Script(*row) for row in fetch(connection, _SCRIPTS, {"ns": name})]


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
    gone = _drop(connection, name, (kind,), ids)
    change(connection, name)
    return gone


def _drop(connection: Connection, name: str, kinds: Sequence[str], ids: Sequence[str] | None = None) -> int:
    statement = delete(scripts).where(scripts.c.namespace == name, scripts.c.kind.in_(kinds))
    counted = delete(counters).where(counters.c.namespace == name)
    prefixes = [prefix for kind in kinds for prefix in COUNTED.get(kind, (kind,))]
    if ids is None:
        counted = counted.where(or_(*(counters.c.name.like(f"{prefix}:%") for prefix in prefixes)))
    else:
        statement = statement.where(scripts.c.id.in_(ids))
        of_them = [f"{prefix}:{script_id}" for prefix in prefixes for script_id in ids]
        counted = counted.where(counters.c.name.in_(of_them))
    gone = connection.execute(statement).rowcount
    connection.execute(counted)
    return gone


def counts(connection: Connection, name: str) -> dict[str, float]:
    """Everything counted in a namespace, by name (`fixture:ID`, `hits:ID`, `fault:ID`, `rate:...`)."""
    return dict(fetch(connection, _COUNT, {"ns": name}))


def count(connection: Connection, name: str, counter: str, value: float) -> None:
    """Set one counter."""
    key = (counters.c.namespace == name, counters.c.name == counter)
    if not connection.execute(update(counters).where(*key).values(value=value)).rowcount:
        connection.execute(insert(counters).values(namespace=name, name=counter, value=value))


def reset(connection: Connection, name: str, scopes: Sequence[str]) -> None:
    """Empty what the scopes name, of this namespace and in this one transaction."""
    tables = [table for scope in scopes for table in SCOPES[scope]]
    for table in tables:
        connection.execute(_EMPTY[table], {"ns": name})
    kinds = [kind for scope in scopes for kind in KINDS.get(scope, ())]
    if kinds and counters not in tables:
        _drop(connection, name, kinds)
    elif kinds:
        connection.execute(delete(scripts).where(scripts.c.namespace == name, scripts.c.kind.in_(kinds)))
    change(connection, name, **({"clock_mode": "real", "clock_at": 0.0} if "clock" in scopes else {}))


def remove(connection: Connection, name: str) -> None:
    """Forget a namespace with all that it owns."""
    reset(connection, name, list(SCOPES))
    connection.execute(delete(namespaces).where(namespaces.c.name == name))
