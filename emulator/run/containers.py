"""Containers and their files as everyone else uses them: made, found, filled, read; life goes by the namespace's clock.

A container runs until it was idle for its minutes, and for an hour at most. What is expired never runs again. Rows are
written here and nowhere else but by whoever inserts `generated_rows`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from emulator.core import file_types
from emulator.core.container_params import NewContainer
from emulator.core.errors import ApiError, quoted_list
from emulator.core.ids import ItemIds, digest
from emulator.core.records import dataclass
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.store import containers as rows
from emulator.store import files
from emulator.store.containers import ContainerFileRow, ContainerRow
from emulator.store.engine import Rows
from emulator.store.files import FileRow
from emulator.store.lists import TICK

LIFE = 3_600.0  # seconds, however busy a container is
MOST_FILES = 1_000
FOLDER = "/mnt/data/"
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Generated:
    """A file that code made: its new id (`cfile_...`), its name and its bytes."""

    id: str
    name: str
    data: bytes


def runs(container: ContainerRow, now: float) -> bool:
    """Whether a container is `running` at `now`; it is `expired` otherwise."""
    return container.expires_at > now


async def make(
    namespace: Namespace, asked: NewContainer, *, param: str = "file_ids", warn: Warn | None = None
) -> ContainerRow:
    """Make a container that runs, with copies of the uploaded files that are asked for; all of it or nothing.

    Raises `file_not_found` at `param`, and in strict validation `file_type`, which otherwise is told to `warn`.
    """
    now = namespace.clock.now()
    sources = [await find_upload(namespace, file_id, f"{param}[{n}]", warn) for n, file_id in enumerate(asked.file_ids)]
    container = ContainerRow(
        namespace=namespace.name,
        id=namespace.ids.container(now),
        name=asked.name,
        memory_limit=asked.memory_limit,
        minutes=asked.minutes,
        created_at=now,
        last_active_at=now,
        expires_at=_expiry(now, now, asked.minutes),
    )
    ids = ItemIds(container.id, "files")
    copies = [_copy_of(container, source, ids.container_file(now), now) for source in sources]
    try:
        for source, copy in zip(sources, copies, strict=True):
            await _copy(namespace, source, copy)
        made = await namespace.store.write(partial(rows.add, row=container, uploads=copies))
    except BaseException:  # a client that left, too
        for copy in copies:
            await _abandon(namespace, copy)
        raise
    if made is None:  # the namespace was emptied meanwhile
        raise ApiError("server_error")
    return made


async def find(namespace: Namespace, container_id: str, param: str | None = None) -> ContainerRow:
    """A container, running or expired; raises `container_not_found`. It is no use of it."""
    found = await namespace.store.read(partial(rows.get, namespace=namespace.name, container_id=container_id))
    if found is None:
        raise ApiError("container_not_found", param, id=container_id)
    return found


async def find_running(namespace: Namespace, container_id: str, param: str | None = None) -> ContainerRow:
    """A container that runs; raises `container_not_found` or `container_expired`. It is no use of it."""
    container = await find(namespace, container_id, param)
    if not runs(container, namespace.clock.now()):
        raise ApiError("container_expired")
    return container


async def touch(namespace: Namespace, container: ContainerRow) -> ContainerRow:
    """Note that a running container is used now, by its files or by code; the container with its new times."""
    now = namespace.clock.now()
    if now <= container.last_active_at:
        return container
    used = replace(container, last_active_at=now, expires_at=_expiry(container.created_at, now, container.minutes))
    work = partial(rows.touch, namespace=namespace.name, container_id=container.id, now=now, expires_at=used.expires_at)
    await namespace.store.write(work, key=container.id)
    return used


async def use(namespace: Namespace, container_id: str) -> ContainerRow:
    """Find a running container and touch it; errors as `find_running`."""
    return await touch(namespace, await find_running(namespace, container_id))


async def list_files(namespace: Namespace, container: ContainerRow) -> list[ContainerFileRow]:
    """All files of a container, oldest first. It is no use of it."""
    return await namespace.store.read(partial(rows.all_files, namespace=namespace.name, container_id=container.id))


async def find_file(namespace: Namespace, container: ContainerRow, file_id: str) -> ContainerFileRow:
    """A file of a container; raises `container_file_not_found`."""
    work = partial(rows.get_file, namespace=namespace.name, container_id=container.id, file_id=file_id)
    found = await namespace.store.read(work)
    if found is None:
        raise ApiError("container_file_not_found", id=file_id)
    return found


async def read_file(namespace: Namespace, file: ContainerFileRow) -> bytes:
    """All bytes of a container's file; raises `container_file_not_found` where it was deleted meanwhile."""
    data = await uploads.whole(namespace, file.id, file.bytes)
    if data is None:
        raise ApiError("container_file_not_found", id=file.id)
    return data


async def write_file(namespace: Namespace, container: ContainerRow, made: Generated) -> ContainerFileRow:
    """Write a file that code made, in place of what is at its path; raises `invalid`, `container_full` or as `find`."""
    now = namespace.clock.now()
    row = _generated_row(container, made, now)
    work = partial(rows.put_file, row=row, data=made.data, now=now, most=MOST_FILES)
    written = await namespace.store.write(work, key=container.id)
    return written or await _refuse(namespace, container)


def generated_rows(
    container: ContainerRow, made: Iterable[Generated], now: float, there: Sequence[ContainerFileRow] = ()
) -> Rows:
    """The rows of files that code made, to be inserted with the response that made them; nothing is written here.

    `there` are the container's files as `list_files` gives them: a new file takes the place of one at its path, also
    when it is made at the same moment. Raises `container_full`, or `invalid` for what is no name of a file. Whoever
    inserts the rows has found the container running.
    """
    files_made = tuple(made)
    paths = {file.path: file.created_at for file in there}
    if len(paths.keys() | {FOLDER + file.name for file in files_made}) > MOST_FILES:
        raise ApiError("container_full", id=container.id, limit=MOST_FILES)
    first = max((now, *(at + TICK for at in paths.values() if at < now + 1)))
    new_rows = []
    for number, file in enumerate(files_made):
        path = FOLDER + file.name
        # Behind all of this moment, and behind what it replaces even where that was made with the clock ahead.
        at = paths[path] = max(first + number * TICK, paths.get(path, 0.0) + TICK)
        new_rows.append((_generated_row(container, file, at), file.data))
    return rows.new_file_rows(new_rows)


async def find_upload(namespace: Namespace, file_id: str, param: str, warn: Warn | None = None) -> FileRow:
    """An uploaded file that a container may take; raises `file_not_found`, and in strict validation `file_type`."""
    found = await uploads.find(namespace, file_id, param)
    _check_type(namespace, found.filename, param, warn)
    return found


async def add_upload(
    namespace: Namespace, container: ContainerRow, upload_id: str, filename: str, size: int, warn: Warn | None = None
) -> ContainerFileRow:
    """Make an upload, begun under the file's id, a file of a running container.

    Raises `container_full`, in strict validation `file_type`, or as `find_running`.
    """
    _check_type(namespace, filename, "file", warn)
    now = namespace.clock.now()
    return await _add(namespace, container, _user_file(container, upload_id, filename, size, now))


async def add_copy(
    namespace: Namespace, container: ContainerRow, file_id: str, warn: Warn | None = None
) -> ContainerFileRow:
    """Copy an uploaded file into a running container; raises `file_not_found`, or as `add_upload`."""
    source = await find_upload(namespace, file_id, "file_id", warn)
    now = namespace.clock.now()
    copy = _copy_of(container, source, namespace.ids.container_file(now), now)
    try:
        await _copy(namespace, source, copy)
        return await _add(namespace, container, copy)
    except BaseException:  # a client that left, too
        await _abandon(namespace, copy)
        raise


async def add_bytes(namespace: Namespace, container: ContainerRow, filename: str, data: bytes) -> ContainerFileRow:
    """Put a file that came with a request into a running container; raises as `add_upload`."""
    now = namespace.clock.now()
    if problem := file_types.name_problem(filename):
        raise ApiError("invalid", "filename", reason=f"{problem}.")
    row = _user_file(container, namespace.ids.container_file(now), filename, len(data), now)
    work = partial(rows.put_file, row=row, data=data, now=now, most=MOST_FILES)
    return await namespace.store.write(work, key=container.id) or await _refuse(namespace, container)


async def remove_file(namespace: Namespace, file: ContainerFileRow) -> None:
    """Delete a file of a container; raises `container_file_not_found`."""
    if not await namespace.store.write(partial(rows.remove_file, row=file), key=file.container_id):
        raise ApiError("container_file_not_found", id=file.id)


async def remove(namespace: Namespace, container_id: str) -> None:
    """Delete a container, running or expired, with its files; raises `container_not_found`."""
    work = partial(rows.remove, namespace=namespace.name, container_id=container_id)
    if not await namespace.store.write(work, key=container_id):
        raise ApiError("container_not_found", id=container_id)
    if namespace.sandbox is not None:
        await namespace.sandbox.drop(session_of(namespace, container_id))


def session_of(namespace: Namespace, container_id: str) -> str:
    """The name of the sandbox's session in which a container's code runs."""
    return f"{namespace.name}/{container_id}"


def _expiry(created_at: float, last_active_at: float, minutes: int) -> float:
    return min(last_active_at + 60 * minutes, created_at + LIFE)


def _check_type(namespace: Namespace, filename: str, param: str, warn: Warn | None) -> None:
    if file_types.media_type(filename) is not None:
        return
    extension = file_types.extension(filename)
    if namespace.settings.validation == "strict":
        supported = quoted_list(tuple(file_types.FILE_TYPES))
        raise ApiError("file_type", param, extension=extension, supported=supported)
    if warn is not None:
        warn(f"unknown_file_type: {extension or 'none'}")


def _user_file(container: ContainerRow, file_id: str, filename: str, size: int, now: float) -> ContainerFileRow:
    path = f"{FOLDER}{digest(file_id)}-{filename}"
    return ContainerFileRow(container.namespace, file_id, container.id, path, "user", size, now)


def _copy_of(container: ContainerRow, source: FileRow, file_id: str, now: float) -> ContainerFileRow:
    return _user_file(container, file_id, source.filename, source.bytes, now)


def _generated_row(container: ContainerRow, made: Generated, at: float) -> ContainerFileRow:
    if problem := file_types.name_problem(made.name):
        raise ApiError("invalid", "name", reason=f"{problem}.")
    path = FOLDER + made.name
    return ContainerFileRow(container.namespace, made.id, container.id, path, "assistant", len(made.data), at)


async def _copy(namespace: Namespace, source: FileRow, copy: ContainerFileRow) -> None:
    """Copy the bytes into an upload of the copy's id, a piece at a time, so that no other request waits for all."""
    name, now = namespace.name, namespace.clock.now()
    await namespace.store.write(partial(files.begin, namespace=name, upload_id=copy.id, now=now))
    for number in range(files.piece_count(source.bytes)):
        work = partial(files.copy_piece, namespace=name, file_id=source.id, upload_id=copy.id, number=number)
        if not await namespace.store.write(work):  # deleted meanwhile
            raise ApiError("file_not_found", "file_id", id=source.id)


async def _abandon(namespace: Namespace, copy: ContainerFileRow) -> None:
    await namespace.store.write(partial(files.abandon, namespace=namespace.name, upload_id=copy.id))


async def _add(namespace: Namespace, container: ContainerRow, upload: ContainerFileRow) -> ContainerFileRow:
    work = partial(rows.add_upload, upload=upload, now=namespace.clock.now(), most=MOST_FILES)
    added = await namespace.store.write(work, key=container.id)
    return added or await _refuse(namespace, container)


async def _refuse(namespace: Namespace, container: ContainerRow) -> ContainerFileRow:
    """Say why a container took no file."""
    await find_running(namespace, container.id)
    if len(await list_files(namespace, container)) >= MOST_FILES:
        raise ApiError("container_full", id=container.id, limit=MOST_FILES)
    raise ApiError("server_error")  # the namespace was emptied meanwhile
