"""The rows of uploads in parts, and of the parts, whose bytes are pieces of `store/files.py`; no rule of the wire.

Every function takes a connection and is run by `Store.read` or `Store.write`. Only a pending upload that has not
expired takes parts or ends; with its end its parts go, their bytes with them.
"""

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, select, tuple_, update

from emulator.core.records import dataclass
from emulator.store import files
from emulator.store.driver import find
from emulator.store.files import FileRow
from emulator.store.schema import upload_parts, uploads

PENDING, COMPLETED, CANCELLED = "pending", "completed", "cancelled"
KEPT = 86_400.0  # seconds that an upload is known after its time, until the sweep takes it


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One upload in parts: see `store/schema.py`. Times are seconds; `life` None: its file stays."""

    namespace: str
    id: str
    filename: str
    purpose: str
    bytes: int
    life: int | None
    status: str
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of an upload. `created_at` is seconds."""

    namespace: str
    id: str
    upload_id: str
    bytes: int
    created_at: float


_COLUMNS = tuple(uploads.c)
_PART_COLUMNS = tuple(upload_parts.c)
_KEY = and_(uploads.c.namespace == bindparam("ns"), uploads.c.id == bindparam("uid"))
_OPEN = and_(_KEY, uploads.c.status == PENDING, uploads.c.expires_at > bindparam("now"))
_GET = select(*_COLUMNS).where(_KEY)
_IS_OPEN = select(exists().where(_OPEN))
_END = update(uploads).where(_OPEN).values(status=bindparam("to_status"))
_PARTS = select(*_PART_COLUMNS).where(
    upload_parts.c.namespace == bindparam("ns"), upload_parts.c.upload_id == bindparam("uid")
)


def add(connection: Connection, row: UploadRow) -> None:
    """Save a new upload."""
    connection.execute(insert(uploads), {column.name: getattr(row, column.name) for column in _COLUMNS})


def get(connection: Connection, namespace: str, upload_id: str) -> UploadRow | None:
    """The row of an upload, also of one that has ended; None where there is none."""
    found = find(connection, _GET, {"ns": namespace, "uid": upload_id})
    return UploadRow(*found) if found else None


def add_part(connection: Connection, row: PartRow) -> bool:
    """Make what was begun under the part's id a part; False where the upload, or what was begun, is no longer there."""
    key = {"ns": row.namespace, "uid": row.upload_id, "now": row.created_at}
    if not (connection.scalar(_IS_OPEN, key) and files.hand_over(connection, row.namespace, row.id)):
        return False
    connection.execute(insert(upload_parts), {column.name: getattr(row, column.name) for column in _PART_COLUMNS})
    return True


def parts(connection: Connection, namespace: str, upload_id: str) -> list[PartRow]:
    """The parts of an upload, in no order."""
    return [PartRow(*row) for row in connection.execute(_PARTS, {"ns": namespace, "uid": upload_id})]


def complete(connection: Connection, upload: UploadRow, row: FileRow, now: float) -> FileRow | None:
    """End an upload by the file `row`, begun under its id; None, and nothing done, where either is no longer open."""
    if not (files.begun(connection, row.namespace, row.id) and _end(connection, upload, COMPLETED, now)):
        return None
    return files.finish(connection, row.id, row)


def cancel(connection: Connection, upload: UploadRow, now: float) -> bool:
    """End an upload without a file; False where it is no longer open."""
    return _end(connection, upload, CANCELLED, now)


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` parts of uploads whose time is over at `now`, or as many old uploads; how many went."""
    over = and_(uploads.c.namespace == namespace, uploads.c.expires_at <= now)
    of_it = and_(upload_parts.c.namespace == uploads.c.namespace, upload_parts.c.upload_id == uploads.c.id)
    late = connection.scalars(select(upload_parts.c.id).join_from(upload_parts, uploads, of_it).where(over).limit(most))
    if gone := files.drop(connection, upload_parts, namespace, late.all()):
        return gone
    old = select(uploads.c.namespace, uploads.c.id).where(over, uploads.c.expires_at <= now - KEPT).limit(most)
    keys = [tuple(row) for row in connection.execute(old)]
    if keys:
        connection.execute(delete(uploads).where(tuple_(uploads.c.namespace, uploads.c.id).in_(keys)))
    return len(keys)


def _end(connection: Connection, upload: UploadRow, status: str, now: float) -> bool:
    key = {"ns": upload.namespace, "uid": upload.id, "now": now, "to_status": status}
    if not connection.execute(_END, key).rowcount:
        return False
    ids = [part.id for part in parts(connection, upload.namespace, upload.id)]
    files.drop(connection, upload_parts, upload.namespace, ids)
    return True
