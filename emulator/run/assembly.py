"""Uploads in parts: opened, filled with parts, assembled into one file or given up; life goes by the namespace's clock.

The file is made of its parts a piece at a time, under an id of its own, and takes the place of the upload in one write:
so nobody sees half a file, and of two who complete an upload at once only one does.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from functools import partial

from emulator.core.errors import ApiError
from emulator.core.upload_params import LIFE, CompleteBody, UploadBody
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.store import files
from emulator.store import uploads as rows
from emulator.store.files import FileRow
from emulator.store.uploads import PENDING, PartRow, UploadRow

EXPIRED = "expired"


def status_of(upload: UploadRow, now: float) -> str:
    """`pending`, `completed`, `cancelled` or `expired` at `now`."""
    return EXPIRED if upload.status == PENDING and upload.expires_at <= now else upload.status


async def begin(namespace: Namespace, asked: UploadBody, filename: str) -> UploadRow:
    """Open an upload, under a filename that a file can have."""
    now = namespace.clock.now()
    upload = UploadRow(
        namespace=namespace.name,
        id=f"upload_{namespace.ids.digits()}",
        filename=filename,
        purpose=asked.purpose,
        bytes=asked.bytes,
        life=asked.expires_after.seconds if asked.expires_after else None,
        status=PENDING,
        created_at=now,
        expires_at=now + LIFE,
    )
    await namespace.store.write(partial(rows.add, row=upload))
    return upload


async def find_pending(namespace: Namespace, upload_id: str) -> UploadRow:
    """An upload that still takes parts; raises `upload_not_found` or `upload_ended`."""
    found = await namespace.store.read(partial(rows.get, namespace=namespace.name, upload_id=upload_id))
    if found is None:
        raise ApiError("upload_not_found", id=upload_id)
    status = status_of(found, namespace.clock.now())
    if status != PENDING:
        raise ApiError("upload_ended", id=upload_id, status=status)
    return found


async def add_part(namespace: Namespace, upload: UploadRow, part_id: str, size: int) -> PartRow:
    """Make what was begun under `part_id` a part of an upload; raises as `find_pending`."""
    part = PartRow(namespace.name, part_id, upload.id, size, namespace.clock.now())
    if not await namespace.store.write(partial(rows.add_part, row=part), key=upload.id):
        raise await _refused(namespace, upload)
    return part


async def cancel(namespace: Namespace, upload_id: str) -> UploadRow:
    """Give an upload up with all its parts; raises as `find_pending`."""
    upload = await find_pending(namespace, upload_id)
    if not await namespace.store.write(partial(rows.cancel, upload=upload, now=namespace.clock.now()), key=upload.id):
        raise await _refused(namespace, upload)
    return upload


async def complete(namespace: Namespace, upload: UploadRow, asked: CompleteBody, file_id: str) -> FileRow:
    """Make a file of the parts that are named, in their order; raises an ApiError, and then the upload is as before."""
    parts_of = partial(rows.parts, namespace=namespace.name, upload_id=upload.id)
    parts = _in_order(await namespace.store.read(parts_of), asked.part_ids)
    size = sum(part.bytes for part in parts)
    if size != upload.bytes:
        raise ApiError("upload_size", "part_ids", got=size, declared=upload.bytes)
    try:
        _check_md5(asked.md5, await _assemble(namespace, parts, file_id))
        return await _finish(namespace, upload, file_id)
    except BaseException:  # a client that left, too
        await namespace.store.write(partial(files.abandon, namespace=namespace.name, upload_id=file_id))
        raise


def _in_order(parts: Sequence[PartRow], part_ids: Sequence[str]) -> list[PartRow]:
    """The parts that are named, each once."""
    there = {part.id: part for part in parts}
    found: dict[str, PartRow] = {}
    for number, part_id in enumerate(part_ids):
        if part_id in found:
            raise ApiError("part_repeated", f"part_ids[{number}]", id=part_id)
        if part_id not in there:
            raise ApiError("part_not_found", f"part_ids[{number}]", id=part_id)
        found[part_id] = there[part_id]
    return list(found.values())


async def _assemble(namespace: Namespace, parts: Sequence[PartRow], file_id: str) -> str:
    """Write the parts' bytes in the pieces of one file, begun under its id; their MD5 in hex."""
    begin = partial(files.begin, namespace=namespace.name, upload_id=file_id, now=namespace.clock.now())
    await namespace.store.write(begin)
    md5, held, number = hashlib.md5(usedforsecurity=False), bytearray(), 0
    async for piece in _bytes_of(namespace, parts):
        md5.update(piece)
        held += piece
        if len(held) >= files.PIECE:
            await _save(namespace, file_id, number, bytes(held[: files.PIECE]))
            del held[: files.PIECE]
            number += 1
    if held:
        await _save(namespace, file_id, number, bytes(held))
    return md5.hexdigest()


async def _bytes_of(namespace: Namespace, parts: Sequence[PartRow]) -> AsyncIterator[bytes]:
    """The bytes of parts, one after the other, at most a piece at once."""
    for part in parts:
        async for piece in uploads.pieces(namespace, part.id, part.bytes):
            if piece is None:  # the upload ended meanwhile
                raise ApiError("part_not_found", "part_ids", id=part.id)
            yield piece


def _check_md5(expected: str | None, got: str) -> None:
    if expected is not None and expected.lower() != got:
        raise ApiError("upload_md5", "md5", got=got, expected=expected)


async def _finish(namespace: Namespace, upload: UploadRow, file_id: str) -> FileRow:
    """Put the assembled file in the place of its upload."""
    now = namespace.clock.now()
    expires_at = None if upload.life is None else float(int(now) + upload.life)
    row = FileRow(namespace.name, file_id, upload.filename, upload.purpose, upload.bytes, now, expires_at)
    made = await namespace.store.write(partial(rows.complete, upload=upload, row=row, now=now), key=upload.id)
    if made is None:
        raise await _refused(namespace, upload)
    return made


async def _save(namespace: Namespace, file_id: str, number: int, data: bytes) -> None:
    work = partial(files.add_piece, namespace=namespace.name, upload_id=file_id, number=number, data=data)
    if not await namespace.store.write(work):  # the namespace was emptied meanwhile
        raise ApiError("server_error")


async def _refused(namespace: Namespace, upload: UploadRow) -> ApiError:
    """Why an upload that was pending took no change."""
    await find_pending(namespace, upload.id)
    return ApiError("server_error")  # what was begun was swept
