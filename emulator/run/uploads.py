"""Uploaded files as everyone else uses them: found, and read a piece at a time; what is in them is not known here.

The bytes of a container's file lie in the same pieces, by its own id.
"""

from collections.abc import AsyncIterator
from functools import partial

from emulator.core.clock import breathe
from emulator.core.errors import ApiError
from emulator.run.namespace import Namespace
from emulator.store import files
from emulator.store.files import FileRow


async def find(namespace: Namespace, file_id: str, param: str) -> FileRow:
    """An uploaded file that has not expired; raises `file_not_found` at `param`."""
    now = namespace.clock.now()
    found = await namespace.store.read(partial(files.get, namespace=namespace.name, file_id=file_id, now=now))
    if found is None:
        raise ApiError("file_not_found", param, id=file_id)
    return found


async def piece(namespace: Namespace, file_id: str, number: int) -> bytes | None:
    """One piece; None where it is not there, or no longer."""
    return await namespace.store.read(partial(files.piece, namespace=namespace.name, file_id=file_id, number=number))


async def pieces(namespace: Namespace, file_id: str, size: int) -> AsyncIterator[bytes | None]:
    """All pieces of a file of so many bytes, in order, between which others are served; as `piece` each."""
    for number in range(files.piece_count(size)):
        yield await piece(namespace, file_id, number)
        await breathe()


async def whole(namespace: Namespace, file_id: str, size: int) -> bytes | None:
    """All bytes of a file; None where it was deleted meanwhile."""
    read = [one async for one in pieces(namespace, file_id, size)]
    there = [one for one in read if one is not None]
    return b"".join(there) if len(there) == len(read) else None
