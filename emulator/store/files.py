"""The rows of files and the pieces that hold their bytes; no rule of the wire here, no file whole in memory.

Every function takes a connection and is run by `Store.read` or `Store.write`. An upload has a row from its first
piece on, with `UNFINISHED` bytes and a time to live: nobody can ask for it, and after a crash the sweep finds it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Table, and_, bindparam, delete, exists, insert, or_, select, tuple_, update

from emulator.core.records import dataclass
from emulator.store.driver import find
from emulator.store.engine import in_parts
from emulator.store.lists import next_time, paged
from emulator.store.schema import file_pieces, files, vector_store_chunks, vector_store_files

PIECE = 1024 * 1024
UPLOAD_SECONDS = 86_400.0
UNFINISHED = -1


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file: see `store/schema.py`. Times are seconds; `expires_at` None: it stays."""

    namespace: str
    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """Which files of a namespace: at most `limit`, behind `after` in that order, of one `purpose` if it is given."""

    limit: int
    newest_first: bool = True
    after: FileRow | None = None
    purpose: str | None = None


_COLUMNS = tuple(files.c)
_KEY = and_(files.c.namespace == bindparam("ns"), files.c.id == bindparam("fid"))
_THERE = and_(files.c.bytes >= 0, or_(files.c.expires_at.is_(None), files.c.expires_at > bindparam("now")))
_GET = select(*_COLUMNS).where(_KEY, _THERE)
_BEGUN = select(exists().where(_KEY, files.c.bytes == UNFINISHED))
_DELETE = delete(files).where(_KEY, _THERE)
_ABANDON = delete(files).where(_KEY, files.c.bytes == UNFINISHED)
_PIECE_OF = and_(file_pieces.c.namespace == bindparam("ns"), file_pieces.c.file_id == bindparam("fid"))
_GET_PIECE = select(file_pieces.c.data).where(_PIECE_OF, file_pieces.c.number == bindparam("number"))
_DELETE_PIECES = delete(file_pieces).where(_PIECE_OF)
_DELETE_SEARCHED = delete(vector_store_files).where(
    vector_store_files.c.namespace == bindparam("ns"), vector_store_files.c.id == bindparam("fid")
)
_DELETE_CHUNKS = delete(vector_store_chunks).where(
    vector_store_chunks.c.namespace == bindparam("ns"), vector_store_chunks.c.file_id == bindparam("fid")
)
_COPY_PIECE = insert(file_pieces).from_select(
    ["namespace", "file_id", "number", "data"],
    select(file_pieces.c.namespace, bindparam("to_id"), file_pieces.c.number, file_pieces.c.data).where(
        _PIECE_OF, file_pieces.c.number == bindparam("number")
    ),
)
_OF_A_FILE = (
    (file_pieces, file_pieces.c.file_id),
    (vector_store_files, vector_store_files.c.id),
    (vector_store_chunks, vector_store_chunks.c.file_id),
    (files, files.c.id),
)
_RENAME_PIECES = update(file_pieces).where(_PIECE_OF).values(file_id=bindparam("to_id"))


def get(connection: Connection, namespace: str, file_id: str, now: float) -> FileRow | None:
    """The row of a file; None where there is none, its upload is under way, or it has expired by `now`."""
    found = find(connection, _GET, {"ns": namespace, "fid": file_id, "now": now})
    return FileRow(*found) if found else None


def begin(connection: Connection, namespace: str, upload_id: str, now: float) -> None:
    """Start an upload: a row that nobody can ask for and that the sweep takes after a day."""
    row = FileRow(namespace, upload_id, "", "", UNFINISHED, now, now + UPLOAD_SECONDS)
    connection.execute(insert(files), _values(row))


def add_piece(connection: Connection, namespace: str, upload_id: str, number: int, data: bytes) -> bool:
    """Save a piece of an upload, counted from 0; False where the upload is not under way.

    All pieces but the last hold `PIECE` bytes.
    """
    if not begun(connection, namespace, upload_id):
        return False
    values = {"namespace": namespace, "file_id": upload_id, "number": number, "data": data}
    connection.execute(insert(file_pieces), values)
    return True


def copy_piece(connection: Connection, namespace: str, file_id: str, upload_id: str, number: int) -> bool:
    """Copy a piece of a file into an upload; False where there is none, or the upload is not under way."""
    if not begun(connection, namespace, upload_id):
        return False
    key = {"ns": namespace, "fid": file_id, "number": number, "to_id": upload_id}
    return connection.execute(_COPY_PIECE, key).rowcount > 0


def begun(connection: Connection, namespace: str, upload_id: str) -> bool:
    """Whether an upload is under way."""
    return bool(connection.scalar(_BEGUN, {"ns": namespace, "fid": upload_id}))


def hand_over(connection: Connection, namespace: str, upload_id: str) -> bool:
    """End an upload whose pieces go to a row of another table; False where it is not under way."""
    return connection.execute(_ABANDON, {"ns": namespace, "fid": upload_id}).rowcount > 0


def finish(connection: Connection, upload_id: str, row: FileRow) -> FileRow | None:
    """Make an upload the file `row`, whose id may be another than the upload's; None where it is not under way.

    Files made at the same moment get times a tick apart, so that lists keep the order in which they came.
    """
    at = next_time(connection, files, row.created_at, files.c.namespace == row.namespace, files.c.bytes >= 0)
    row = replace(row, created_at=at)
    key = {"ns": row.namespace, "fid": upload_id}
    made = update(files).where(_KEY, files.c.bytes == UNFINISHED).values(_values(row))
    if not connection.execute(made, key).rowcount:
        return None
    if upload_id != row.id:
        connection.execute(_RENAME_PIECES, {**key, "to_id": row.id})
    return row


def abandon(connection: Connection, namespace: str, upload_id: str) -> bool:
    """Forget an upload and its pieces; False where it is not under way."""
    if not hand_over(connection, namespace, upload_id):
        return False
    connection.execute(_DELETE_PIECES, {"ns": namespace, "fid": upload_id})
    return True


def drop(connection: Connection, table: Table, namespace: str, ids: Sequence[str]) -> int:
    """Delete rows of a table whose bytes lie in pieces under their own ids, with the pieces; how many ids."""
    for part in in_parts(ids):
        for one, column in ((file_pieces, file_pieces.c.file_id), (table, table.c.id)):
            connection.execute(delete(one).where(one.c.namespace == namespace, column.in_(part)))
    return len(ids)


def piece_count(size: int) -> int:
    """In how many pieces so many bytes lie."""
    return -(-size // PIECE)


def piece(connection: Connection, namespace: str, file_id: str, number: int) -> bytes | None:
    """The bytes of one piece; None where there is none."""
    data: bytes | None = connection.scalar(_GET_PIECE, {"ns": namespace, "fid": file_id, "number": number})
    return data


def page(connection: Connection, namespace: str, asked: FilePage, now: float) -> list[FileRow]:
    """A page of the files that are there at `now`, by time and, within one moment, by id."""
    query = select(*_COLUMNS).where(files.c.namespace == namespace, _THERE)
    if asked.purpose is not None:
        query = query.where(files.c.purpose == asked.purpose)
    query = paged(query, files, asked.limit, newest_first=asked.newest_first, after=asked.after)
    return [FileRow(*row) for row in connection.execute(query, {"now": now})]


def remove(connection: Connection, namespace: str, file_id: str, now: float) -> bool:
    """Delete a file with its bytes, also from all vector stores; False where it is not there at `now`."""
    if not connection.execute(_DELETE, {"ns": namespace, "fid": file_id, "now": now}).rowcount:
        return False
    for statement in (_DELETE_PIECES, _DELETE_SEARCHED, _DELETE_CHUNKS):
        connection.execute(statement, {"ns": namespace, "fid": file_id})
    return True


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` files and forgotten uploads whose time is over at `now`; how many went."""
    due = (
        select(files.c.namespace, files.c.id)
        .where(files.c.namespace == namespace, files.c.expires_at <= now)
        .limit(most)
    )
    keys = [tuple(row) for row in connection.execute(due)]
    if keys:
        for table, column in _OF_A_FILE:
            connection.execute(delete(table).where(tuple_(table.c.namespace, column).in_(keys)))
    return len(keys)


def _values(row: FileRow) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in _COLUMNS}
