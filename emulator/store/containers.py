"""The rows of containers and of their files, whose bytes lie in the pieces of `store/files.py`; no rule of the wire.

Every function takes a connection and is run by `Store.read` or `Store.write`. Of the files at one path only the newest
is there: so a new one can replace an old one by being inserted, in one transaction with whatever made it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from emulator.core.records import dataclass
from emulator.store import files
from emulator.store.driver import find
from emulator.store.engine import Rows
from emulator.store.lists import next_time, paged
from emulator.store.schema import container_files, containers, file_pieces

KEPT = 86_400.0  # seconds that a container is shown as expired, until the sweep takes it


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """One container: see `store/schema.py`. Times are seconds."""

    namespace: str
    id: str
    name: str
    memory_limit: str
    minutes: int
    created_at: float
    last_active_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class ContainerFileRow:
    """One file of a container. `source` is `user` or `assistant`, `created_at` seconds."""

    namespace: str
    id: str
    container_id: str
    path: str
    source: str
    bytes: int
    created_at: float


@dataclass(frozen=True, slots=True)
class ContainerPage:
    """Which containers: at most `limit`, behind `after` in that order, of one `name` if it is given."""

    limit: int
    newest_first: bool = True
    after: ContainerRow | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerFilePage:
    """Which files of a container: at most `limit`, behind `after` in that order."""

    limit: int
    newest_first: bool = True
    after: ContainerFileRow | None = None


_COLUMNS = tuple(containers.c)
_FILE_COLUMNS = tuple(container_files.c)
_KEY = and_(containers.c.namespace == bindparam("ns"), containers.c.id == bindparam("cid"))
_GET = select(*_COLUMNS).where(_KEY)
_DELETE = delete(containers).where(_KEY)
# A use never dates a container back, and brings no expired one to life.
_TOUCH = (
    update(containers)
    .where(_KEY, containers.c.expires_at > bindparam("now"), containers.c.last_active_at < bindparam("now"))
    .values(last_active_at=bindparam("now"), expires_at=bindparam("to_expires_at"))
)
_OF = and_(container_files.c.namespace == bindparam("ns"), container_files.c.container_id == bindparam("cid"))
_NEWER = container_files.alias("newer")
_NEWEST = ~exists().where(
    _NEWER.c.namespace == container_files.c.namespace,
    _NEWER.c.container_id == container_files.c.container_id,
    _NEWER.c.path == container_files.c.path,
    or_(
        _NEWER.c.created_at > container_files.c.created_at,
        and_(_NEWER.c.created_at == container_files.c.created_at, _NEWER.c.id > container_files.c.id),
    ),
)
_FILES = select(*_FILE_COLUMNS).where(_OF, _NEWEST)
_GET_FILE = _FILES.where(container_files.c.id == bindparam("fid"))
_ALL_FILES = _FILES.order_by(container_files.c.created_at, container_files.c.id)
_PATHS = select(func.count(container_files.c.path.distinct())).where(_OF)
_AT_PATH = and_(_OF, container_files.c.path == bindparam("path"))
_TAKEN = select(exists().where(_AT_PATH))


def get(connection: Connection, namespace: str, container_id: str) -> ContainerRow | None:
    """The row of a container, expired or not; None where there is none."""
    found = find(connection, _GET, {"ns": namespace, "cid": container_id})
    return ContainerRow(*found) if found else None


def add(connection: Connection, row: ContainerRow, uploads: Sequence[ContainerFileRow] = ()) -> ContainerRow | None:
    """Make a container, with uploads as its first files; None where one of them is not under way."""
    if not all(files.begun(connection, row.namespace, upload.id) for upload in uploads):
        return None
    mine = containers.c.namespace == row.namespace
    row = replace(row, created_at=next_time(connection, containers, row.created_at, mine))
    connection.execute(insert(containers), {column.name: getattr(row, column.name) for column in _COLUMNS})
    for upload in uploads:
        files.hand_over(connection, row.namespace, upload.id)
        _add_file(connection, upload)
    return row


def touch(connection: Connection, namespace: str, container_id: str, now: float, expires_at: float) -> bool:
    """Note that a container is used `now`, so that it expires at `expires_at`; False where nothing changed."""
    key = {"ns": namespace, "cid": container_id, "now": now, "to_expires_at": expires_at}
    return connection.execute(_TOUCH, key).rowcount > 0


def page(connection: Connection, namespace: str, asked: ContainerPage) -> list[ContainerRow]:
    """A page of the containers of a namespace, expired ones too, by time and, within one moment, by id."""
    query = select(*_COLUMNS).where(containers.c.namespace == namespace)
    if asked.name is not None:
        query = query.where(containers.c.name == asked.name)
    query = paged(query, containers, asked.limit, newest_first=asked.newest_first, after=asked.after)
    return [ContainerRow(*row) for row in connection.execute(query)]


def remove(connection: Connection, namespace: str, container_id: str) -> bool:
    """Delete a container with its files; False where there is none."""
    key = {"ns": namespace, "cid": container_id}
    if not connection.execute(_DELETE, key).rowcount:
        return False
    files.drop(
        connection, container_files, namespace, connection.scalars(select(container_files.c.id).where(_OF), key).all()
    )
    return True


def get_file(connection: Connection, namespace: str, container_id: str, file_id: str) -> ContainerFileRow | None:
    """The row of a container's file; None where there is none, or a newer one took its place."""
    found = find(connection, _GET_FILE, {"ns": namespace, "cid": container_id, "fid": file_id})
    return ContainerFileRow(*found) if found else None


def all_files(connection: Connection, namespace: str, container_id: str) -> list[ContainerFileRow]:
    """All files of a container, oldest first."""
    rows = connection.execute(_ALL_FILES, {"ns": namespace, "cid": container_id})
    return [ContainerFileRow(*row) for row in rows]


def page_of_files(
    connection: Connection, namespace: str, container_id: str, asked: ContainerFilePage
) -> list[ContainerFileRow]:
    """A page of the files of a container, by time and, within one moment, by id."""
    query = paged(_FILES, container_files, asked.limit, newest_first=asked.newest_first, after=asked.after)
    rows = connection.execute(query, {"ns": namespace, "cid": container_id})
    return [ContainerFileRow(*row) for row in rows]


def add_upload(connection: Connection, upload: ContainerFileRow, now: float, most: int) -> ContainerFileRow | None:
    """Make an upload a file of a container that runs at `now` and holds fewer than `most` files.

    None, with nothing changed, where one of these is not so.
    """
    if not _has_room(connection, upload, now, most):
        return None
    if not files.hand_over(connection, upload.namespace, upload.id):
        return None
    return _add_file(connection, upload)


def put_file(
    connection: Connection, row: ContainerFileRow, data: bytes, now: float, most: int
) -> ContainerFileRow | None:
    """Write a whole file into a container that runs at `now`, in place of what is at its path.

    None, with nothing changed, where the container does not run or holds `most` files already.
    """
    if not _has_room(connection, row, now, most):
        return None
    _drop_path(connection, row)
    for piece in _pieces(row, data):
        connection.execute(insert(file_pieces), piece)
    return _add_file(connection, row)


def new_file_rows(made: Iterable[tuple[ContainerFileRow, bytes]]) -> Rows:
    """The rows of whole files, for `Store.insert`; each takes the place of an older one at its path."""
    whole = tuple(made)
    return {
        container_files: [tuple(_file_values(row).values()) for row, _ in whole],
        file_pieces: [tuple(piece.values()) for row, data in whole for piece in _pieces(row, data)],
    }


def remove_file(connection: Connection, row: ContainerFileRow) -> bool:
    """Delete a file with its bytes, and what it had replaced; False where it is not there."""
    if get_file(connection, row.namespace, row.container_id, row.id) is None:
        return False
    _drop_path(connection, row)
    return True


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` files of containers that expired long before `now`, then such containers; how many went."""
    over = and_(containers.c.namespace == namespace, containers.c.expires_at <= now - KEPT)
    inside = select(container_files.c.id).join(
        containers,
        and_(
            containers.c.namespace == container_files.c.namespace,
            containers.c.id == container_files.c.container_id,
        ),
    )
    file_ids = connection.scalars(inside.where(over).limit(most)).all()
    if file_ids:
        files.drop(connection, container_files, namespace, file_ids)
        return len(file_ids)
    ids = connection.scalars(select(containers.c.id).where(over).limit(most)).all()
    if ids:
        connection.execute(delete(containers).where(containers.c.namespace == namespace, containers.c.id.in_(ids)))
    return len(ids)


def _has_room(connection: Connection, row: ContainerFileRow, now: float, most: int) -> bool:
    container = get(connection, row.namespace, row.container_id)
    if container is None or container.expires_at <= now:
        return False
    key = {"ns": row.namespace, "cid": row.container_id}
    if connection.scalar(_TAKEN, {**key, "path": row.path}):
        return True
    return (connection.scalar(_PATHS, key) or 0) < most


def _add_file(connection: Connection, row: ContainerFileRow) -> ContainerFileRow:
    mine = (container_files.c.namespace == row.namespace, container_files.c.container_id == row.container_id)
    row = replace(row, created_at=next_time(connection, container_files, row.created_at, *mine))
    connection.execute(insert(container_files), _file_values(row))
    return row


def _file_values(row: ContainerFileRow) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in _FILE_COLUMNS}


def _pieces(row: ContainerFileRow, data: bytes) -> list[dict[str, object]]:
    key = {"namespace": row.namespace, "file_id": row.id}
    starts = range(0, len(data), files.PIECE)
    return [{**key, "number": number, "data": data[start : start + files.PIECE]} for number, start in enumerate(starts)]


def _drop_path(connection: Connection, row: ContainerFileRow) -> None:
    key = {"ns": row.namespace, "cid": row.container_id, "path": row.path}
    ids = connection.scalars(select(container_files.c.id).where(_AT_PATH), key).all()
    files.drop(connection, container_files, row.namespace, ids)
