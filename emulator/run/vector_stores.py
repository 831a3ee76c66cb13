"""Vector stores as everyone else uses them: made, found, filled, changed; life goes by the namespace's clock.

A vector store expires when nobody used it for its days. What is expired is neither searched nor filled again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from emulator.core.errors import ApiError
from emulator.core.vector_store_params import ChangeBody, StoreBody, sizes_of
from emulator.run.indexing import NewFile, index
from emulator.run.namespace import Namespace
from emulator.store import vector_stores as rows
from emulator.store.vector_stores import BatchRow, SearchedFileRow, StoreRow

DAY = 86_400.0
NotFound = Callable[[str], ApiError]


def is_expired(store: StoreRow, now: float) -> bool:
    """Whether a vector store is `expired` at `now`; it is `completed` otherwise."""
    return store.expires_at is not None and store.expires_at <= now


async def make(namespace: Namespace, asked: StoreBody) -> StoreRow:
    """Make a vector store with its files, all of it or nothing; raises `file_not_found`."""
    size, overlap = sizes_of(asked.chunking_strategy)
    wanted = [
        NewFile(file_id, f"file_ids[{number}]", {}, size, overlap)
        for number, file_id in enumerate(asked.file_ids or ())
    ]
    now = namespace.clock.now()
    days = asked.expires_after.days if asked.expires_after else None
    store = StoreRow(
        namespace=namespace.name,
        id=f"vs_{namespace.ids.digits()}",
        name=asked.name or "",
        metadata=orjson.dumps(asked.metadata or {}),
        days=days,
        created_at=now,
        last_active_at=now,
        expires_at=None if days is None else now + days * DAY,
    )
    indexed = await index(namespace, store.id, wanted)
    return await namespace.store.write(partial(rows.add, row=store, indexed=indexed), key=store.id)


def _unknown(store_id: str) -> ApiError:
    return ApiError("vector_store_not_found", id=store_id)


async def find(namespace: Namespace, store_id: str, unknown: NotFound = _unknown) -> StoreRow:
    """A vector store, expired or not; raises `vector_store_not_found`, or what `unknown` makes. It is no use of it."""
    found = await namespace.store.read(partial(rows.get, namespace=namespace.name, store_id=store_id))
    if found is None:
        raise unknown(store_id)
    return found


async def find_living(
    namespace: Namespace, store_id: str, param: str | None = None, unknown: NotFound = _unknown
) -> StoreRow:
    """The same, but `vector_store_expired` at `param` where it is expired."""
    store = await find(namespace, store_id, unknown)
    if is_expired(store, namespace.clock.now()):
        raise ApiError("vector_store_expired", param, id=store_id)
    return store


async def touch(namespace: Namespace, store: StoreRow) -> None:
    """Note that a vector store is used now."""
    now = namespace.clock.now()
    if int(now) > int(store.last_active_at):
        work = partial(rows.touch, namespace=namespace.name, store_id=store.id, now=now)
        await namespace.store.write(work, key=store.id)


async def change(namespace: Namespace, store: StoreRow, asked: ChangeBody) -> StoreRow:
    """Change what the body names; a `name` or an `expires_after` of null takes it away."""
    now = namespace.clock.now()
    changed = replace(store, last_active_at=max(now, store.last_active_at))
    if "name" in asked.model_fields_set:
        changed = replace(changed, name=asked.name or "")
    if asked.metadata is not None:
        changed = replace(changed, metadata=orjson.dumps(asked.metadata))
    if "expires_after" in asked.model_fields_set:
        changed = replace(changed, days=asked.expires_after.days if asked.expires_after else None)
    life = None if changed.days is None else changed.last_active_at + changed.days * DAY
    changed = replace(changed, expires_at=life)
    if not await namespace.store.write(partial(rows.change, row=changed), key=store.id):
        raise _unknown(store.id)
    return changed


async def remove(namespace: Namespace, store_id: str) -> None:
    """Delete a vector store, expired or not; its uploaded files stay. Raises `vector_store_not_found`."""
    work = partial(rows.remove, namespace=namespace.name, store_id=store_id)
    if not await namespace.store.write(work, key=store_id):
        raise _unknown(store_id)


async def add_file(namespace: Namespace, store: StoreRow, new: NewFile) -> SearchedFileRow:
    """Put an uploaded file into a living vector store, in place of itself; raises `file_not_found`."""
    indexed = await index(namespace, store.id, [new])
    await _put(namespace, store, partial(rows.put_files, indexed=indexed))
    return await find_file(namespace, store, new.file_id)


async def add_batch(namespace: Namespace, store: StoreRow, wanted: Sequence[NewFile]) -> BatchRow:
    """Put many files into a living vector store at once, all or none; raises `file_not_found`."""
    batch_id = f"vsfb_{namespace.ids.digits()}"
    indexed = await index(namespace, store.id, wanted, batch_id)
    failed = sum(row.error is not None for row, _ in indexed)
    completed = len(indexed) - failed
    batch = BatchRow(namespace.name, batch_id, store.id, completed, failed, namespace.clock.now())
    await _put(namespace, store, partial(rows.put_files, indexed=indexed, batch=batch))
    return batch


async def _put(namespace: Namespace, store: StoreRow, put: Callable[..., bool]) -> None:
    if not await namespace.store.write(partial(put, now=namespace.clock.now()), key=store.id):
        await find_living(namespace, store.id)
        raise ApiError("server_error")  # it cannot be both


async def find_file(namespace: Namespace, store: StoreRow, file_id: str) -> SearchedFileRow:
    """A file of a vector store; raises `vector_store_file_not_found`."""
    now = namespace.clock.now()
    work = partial(rows.get_file, namespace=namespace.name, store_id=store.id, file_id=file_id, now=now)
    found = await namespace.store.read(work)
    if found is None:
        raise ApiError("vector_store_file_not_found", id=file_id, store=store.id)
    return found


async def set_attributes(namespace: Namespace, file: SearchedFileRow, attributes: dict[str, Any]) -> SearchedFileRow:
    """Replace the attributes of a file; raises `vector_store_file_not_found`."""
    data = orjson.dumps(attributes)
    if not await namespace.store.write(partial(rows.set_attributes, row=file, attributes=data)):
        raise ApiError("vector_store_file_not_found", id=file.id, store=file.vector_store_id)
    return replace(file, attributes=data)


async def remove_file(namespace: Namespace, file: SearchedFileRow) -> None:
    """Take a file out of its vector store; raises `vector_store_file_not_found`."""
    if not await namespace.store.write(partial(rows.remove_file, row=file), key=file.vector_store_id):
        raise ApiError("vector_store_file_not_found", id=file.id, store=file.vector_store_id)


async def find_batch(namespace: Namespace, store: StoreRow, batch_id: str) -> BatchRow:
    """A batch of a vector store; raises `vector_store_batch_not_found`."""
    work = partial(rows.get_batch, namespace=namespace.name, store_id=store.id, batch_id=batch_id)
    found = await namespace.store.read(work)
    if found is None:
        raise ApiError("vector_store_batch_not_found", id=batch_id, store=store.id)
    return found
