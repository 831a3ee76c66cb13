"""The rows of vector stores, of their files and of the chunks that are searched; no rule of the wire, no ranking.

Every function takes a connection and is run by `Store.read` or `Store.write`. A file of a vector store is there as
long as the uploaded file is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from emulator.core.records import dataclass
from emulator.core.search import Chunk
from emulator.store.driver import find
from emulator.store.lists import Page, next_time, page_of
from emulator.store.schema import files, vector_store_batches, vector_store_chunks, vector_store_files, vector_stores

KEPT = 86_400.0  # seconds that a vector store is shown as expired, until the sweep takes it


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One vector store: see `store/schema.py`. Times are seconds; `days` None: it stays."""

    namespace: str
    id: str
    name: str
    metadata: bytes
    days: int | None
    created_at: float
    last_active_at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class SearchedFileRow:
    """One file of a vector store under the id of the uploaded one; `error` None: it can be searched."""

    namespace: str
    vector_store_id: str
    id: str
    filename: str
    attributes: bytes
    chunk_tokens: int
    overlap_tokens: int
    usage_bytes: int
    error: str | None
    message: str | None
    batch_id: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class FilePage(Page[SearchedFileRow]):
    """Which files of a vector store: if asked only those that `failed` or did not, and those of one batch."""

    failed: bool | None = None
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of files, with how many of them could be read."""

    namespace: str
    id: str
    vector_store_id: str
    completed: int
    failed: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Held:
    """What a vector store holds: how many files, by whether they could be read, and how many bytes."""

    completed: int = 0
    failed: int = 0
    bytes: int = 0


Indexed = tuple[SearchedFileRow, Sequence[Chunk]]

_KEY = and_(vector_stores.c.namespace == bindparam("ns"), vector_stores.c.id == bindparam("sid"))
_GET = select(*vector_stores.c).where(_KEY)
# A use never dates a vector store back, and brings no expired one to life.
_TOUCH = (
    update(vector_stores)
    .where(
        _KEY,
        vector_stores.c.last_active_at < bindparam("now"),
        or_(vector_stores.c.expires_at.is_(None), vector_stores.c.expires_at > bindparam("now")),
    )
    .values(last_active_at=bindparam("now"), expires_at=bindparam("now") + vector_stores.c.days * 86_400.0)
)
_UPLOADED = exists().where(
    files.c.namespace == vector_store_files.c.namespace,
    files.c.id == vector_store_files.c.id,
    files.c.bytes >= 0,
    or_(files.c.expires_at.is_(None), files.c.expires_at > bindparam("now")),
)
_OF = and_(vector_store_files.c.namespace == bindparam("ns"), vector_store_files.c.vector_store_id == bindparam("sid"))
_FILES = select(*vector_store_files.c).where(_OF, _UPLOADED)
_GET_FILE = _FILES.where(vector_store_files.c.id == bindparam("fid"))
_DONE, _FAILED = vector_store_files.c.error.is_(None), vector_store_files.c.error.is_not(None)
_HELD = select(
    func.coalesce(func.sum(case((_DONE, 1), else_=0)), 0),
    func.coalesce(func.sum(case((_FAILED, 1), else_=0)), 0),
    func.coalesce(func.sum(vector_store_files.c.usage_bytes), 0),
).where(_OF, _UPLOADED)
_CHUNKS_OF = and_(
    vector_store_chunks.c.namespace == bindparam("ns"),
    vector_store_chunks.c.vector_store_id == bindparam("sid"),
    vector_store_chunks.c.file_id == bindparam("fid"),
)
_CHUNKS = (
    select(vector_store_chunks.c.text, vector_store_chunks.c.seen)
    .where(_CHUNKS_OF)
    .order_by(vector_store_chunks.c.number)
)
_SEARCHED = _FILES.where(_DONE).order_by(vector_store_files.c.created_at, vector_store_files.c.id)
_GET_BATCH = select(*vector_store_batches.c).where(
    vector_store_batches.c.namespace == bindparam("ns"),
    vector_store_batches.c.vector_store_id == bindparam("sid"),
    vector_store_batches.c.id == bindparam("bid"),
)


def get(connection: Connection, namespace: str, store_id: str) -> StoreRow | None:
    """The row of a vector store, expired or not; None where there is none."""
    found = find(connection, _GET, {"ns": namespace, "sid": store_id})
    return StoreRow(*found) if found else None


def held(connection: Connection, namespace: str, store_id: str, now: float) -> Held:
    """What a vector store holds at `now`."""
    completed, failed, size = connection.execute(_HELD, {"ns": namespace, "sid": store_id, "now": now}).one()
    return Held(int(completed), int(failed), int(size))


def page(connection: Connection, namespace: str, asked: Page[StoreRow]) -> list[StoreRow]:
    """A page of the vector stores of a namespace, expired ones too."""
    query = select(*vector_stores.c).where(vector_stores.c.namespace == namespace)
    return [StoreRow(*row) for row in page_of(connection, query, vector_stores, asked)]


def add(connection: Connection, row: StoreRow, indexed: Sequence[Indexed] = ()) -> StoreRow:
    """Make a vector store with its first files."""
    row = replace(row, created_at=_next(connection, vector_stores, row))
    connection.execute(insert(vector_stores), _values(vector_stores, row))
    _put(connection, indexed)
    return row


def change(connection: Connection, row: StoreRow) -> bool:
    """Write a vector store's name, metadata and life; False where there is none."""
    kept = {name: value for name, value in _values(vector_stores, row).items() if name != "created_at"}
    statement = update(vector_stores).where(_KEY).values(kept)
    return connection.execute(statement, {"ns": row.namespace, "sid": row.id}).rowcount > 0


def touch(connection: Connection, namespace: str, store_id: str, now: float) -> bool:
    """Note that a vector store is used `now`; False where nothing changed."""
    return connection.execute(_TOUCH, {"ns": namespace, "sid": store_id, "now": now}).rowcount > 0


def remove(connection: Connection, namespace: str, store_id: str) -> bool:
    """Delete a vector store with all that is in it, but no uploaded file; False where there is none."""
    if not connection.execute(delete(vector_stores).where(_KEY), {"ns": namespace, "sid": store_id}).rowcount:
        return False
    _empty(connection, namespace, [store_id])
    return True


def put_files(connection: Connection, indexed: Sequence[Indexed], now: float, batch: BatchRow | None = None) -> bool:
    """Put files into a vector store, in place of themselves; False, and nothing, where it does not live at `now`."""
    owner = batch or indexed[0][0]
    store = get(connection, owner.namespace, owner.vector_store_id)
    if store is None or (store.expires_at is not None and store.expires_at <= now):
        return False
    _put(connection, indexed)
    if batch is not None:
        connection.execute(insert(vector_store_batches), _values(vector_store_batches, batch))
    touch(connection, store.namespace, store.id, now)
    return True


def get_file(connection: Connection, namespace: str, store_id: str, file_id: str, now: float) -> SearchedFileRow | None:
    """The row of a vector store's file; None where there is none."""
    key = {"ns": namespace, "sid": store_id, "fid": file_id, "now": now}
    found = find(connection, _GET_FILE, key)
    return SearchedFileRow(*found) if found else None


def page_of_files(
    connection: Connection,
    namespace: str,
    store_id: str,
    asked: FilePage,
    now: float,
) -> list[SearchedFileRow]:
    """A page of the files of a vector store."""
    query: Select[Any] = _FILES
    if asked.failed is not None:
        query = query.where(_FAILED if asked.failed else _DONE)
    if asked.batch_id is not None:
        query = query.where(vector_store_files.c.batch_id == asked.batch_id)
    query = query.params(ns=namespace, sid=store_id, now=now)
    return [SearchedFileRow(*row) for row in page_of(connection, query, vector_store_files, asked)]


def set_attributes(connection: Connection, row: SearchedFileRow, attributes: bytes) -> bool:
    """Write a file's attributes; False where it is not there."""
    statement = update(vector_store_files).where(_OF, vector_store_files.c.id == bindparam("fid"))
    key = {"ns": row.namespace, "sid": row.vector_store_id, "fid": row.id}
    return connection.execute(statement.values(attributes=attributes), key).rowcount > 0


def remove_file(connection: Connection, row: SearchedFileRow) -> bool:
    """Take a file out of a vector store; False where it is not there."""
    key = {"ns": row.namespace, "sid": row.vector_store_id, "fid": row.id}
    gone = connection.execute(delete(vector_store_files).where(_OF, vector_store_files.c.id == bindparam("fid")), key)
    connection.execute(delete(vector_store_chunks).where(_CHUNKS_OF), key)
    return gone.rowcount > 0


def chunks(connection: Connection, row: SearchedFileRow) -> list[Chunk]:
    """The chunks of a file, in their order."""
    key = {"ns": row.namespace, "sid": row.vector_store_id, "fid": row.id}
    return [Chunk(text.decode(), seen) for text, seen in connection.execute(_CHUNKS, key)]


def searched(connection: Connection, namespace: str, store_id: str, now: float) -> list[SearchedFileRow]:
    """All files of a vector store that can be searched, oldest first."""
    rows = connection.execute(_SEARCHED, {"ns": namespace, "sid": store_id, "now": now})
    return [SearchedFileRow(*row) for row in rows]


def get_batch(connection: Connection, namespace: str, store_id: str, batch_id: str) -> BatchRow | None:
    """The row of a batch; None where there is none."""
    found = find(connection, _GET_BATCH, {"ns": namespace, "sid": store_id, "bid": batch_id})
    return BatchRow(*found) if found else None


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` vector stores that expired long before `now`, with all that is in them; how many went."""
    over = (vector_stores.c.namespace == namespace, vector_stores.c.expires_at <= now - KEPT)
    ids = connection.scalars(select(vector_stores.c.id).where(*over).limit(most)).all()
    if ids:
        connection.execute(delete(vector_stores).where(over[0], vector_stores.c.id.in_(ids)))
        _empty(connection, namespace, ids)
    return len(ids)


def _put(connection: Connection, indexed: Iterable[Indexed]) -> None:
    for row, found in indexed:
        remove_file(connection, row)
        row = replace(row, created_at=_next(connection, vector_store_files, row))  # noqa: PLW2901 (with its place)
        connection.execute(insert(vector_store_files), _values(vector_store_files, row))
        key = {"namespace": row.namespace, "vector_store_id": row.vector_store_id, "file_id": row.id}
        rows = [
            {**key, "number": number, "seen": chunk.seen, "text": chunk.text.encode()}
            for number, chunk in enumerate(found)
        ]
        if rows:
            connection.execute(insert(vector_store_chunks), rows)


def _next(connection: Connection, table: Table, row: StoreRow | SearchedFileRow) -> float:
    among = [table.c.namespace == row.namespace]
    if isinstance(row, SearchedFileRow):
        among.append(table.c.vector_store_id == row.vector_store_id)
    return next_time(connection, table, row.created_at, *among)


def _empty(connection: Connection, namespace: str, store_ids: Sequence[str]) -> None:
    for table in (vector_store_files, vector_store_chunks, vector_store_batches):
        connection.execute(delete(table).where(table.c.namespace == namespace, table.c.vector_store_id.in_(store_ids)))


def _values(table: Table, row: StoreRow | SearchedFileRow | BatchRow) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in table.columns}
