"""The endpoints of the files of a vector store and of batches of them; what becomes of a file is decided in `run/`."""

from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of
from emulator.api.queries import last_given
from emulator.api.vector_stores import counts, listed, living_store_of, read, store_of, whole_page
from emulator.core.errors import ApiError, quoted_list
from emulator.core.requests import parse_list_query
from emulator.core.vector_store_params import AttributesBody, BatchBody, FileBody, sizes_of
from emulator.run import vector_stores
from emulator.run.indexing import NewFile
from emulator.run.namespace import Namespace
from emulator.store import vector_stores as rows
from emulator.store.vector_stores import BatchRow, FilePage, SearchedFileRow, StoreRow

FILTERS = ("in_progress", "completed", "failed", "cancelled")


async def add(request: Request) -> Response:
    """POST .../files: an uploaded file, read at once; one that cannot be read is `failed`."""
    call = call_of(request)
    store = await living_store_of(request)
    new = _new_file(await read(call, request, FileBody), "file_id")
    return answer(_shown(await vector_stores.add_file(call.namespace, store, new)))


async def list_files(request: Request) -> Response:
    """GET .../files: newest first unless asked otherwise, of one status if asked."""
    return answer(await _list(request, await store_of(request)))


async def retrieve(request: Request) -> Response:
    """GET .../files/{file_id}."""
    return answer(_shown(await _find(request)))


async def change(request: Request) -> Response:
    """POST .../files/{file_id}: its attributes, all of them."""
    call = call_of(request)
    file = await _find(request)
    body = await read(call, request, AttributesBody)
    return answer(_shown(await vector_stores.set_attributes(call.namespace, file, body.attributes or {})))


async def delete(request: Request) -> Response:
    """DELETE .../files/{file_id}: the uploaded file stays."""
    file = await _find(request)
    await vector_stores.remove_file(call_of(request).namespace, file)
    return answer({"id": file.id, "object": "vector_store.file.deleted", "deleted": True})


async def content(request: Request) -> Response:
    """GET .../files/{file_id}/content: the text that is searched."""
    file = await _find(request)
    chunks = await call_of(request).namespace.store.read(partial(rows.chunks, row=file))
    text = "".join(chunk.text[chunk.seen :] for chunk in chunks)
    return answer(whole_page("vector_store.file_content.page", [{"type": "text", "text": text}] if text else []))


async def create_batch(request: Request) -> Response:
    """POST .../file_batches: many files at once, all or none."""
    call = call_of(request)
    store = await living_store_of(request)
    wanted = _new_files(await read(call, request, BatchBody))
    return answer(_shown_batch(await vector_stores.add_batch(call.namespace, store, wanted)))


async def retrieve_batch(request: Request) -> Response:
    """GET .../file_batches/{batch_id}, and POST .../cancel: a batch has ended when it is made."""
    return answer(_shown_batch(await _find_batch(request)))


async def list_batch(request: Request) -> Response:
    """GET .../file_batches/{batch_id}/files: as all files are listed."""
    batch = await _find_batch(request)
    return answer(await _list(request, await store_of(request), batch.id))


def _new_file(body: FileBody, param: str) -> NewFile:
    return NewFile(body.file_id, param, body.attributes or {}, *sizes_of(body.chunking_strategy))


def _new_files(body: BatchBody) -> list[NewFile]:
    if body.files is not None and body.file_ids is not None:
        raise ApiError("mutually_exclusive", "files", names="'file_ids' or 'files'")
    if body.files is not None:
        found = [_new_file(one, f"files[{number}].file_id") for number, one in enumerate(body.files)]
    else:
        same = (body.attributes or {}, *sizes_of(body.chunking_strategy))
        found = [NewFile(one, f"file_ids[{number}]", *same) for number, one in enumerate(body.file_ids or ())]
    if not found:
        raise ApiError("missing_parameter", "file_ids")
    return found


async def _find(request: Request) -> SearchedFileRow:
    store = await store_of(request)
    return await vector_stores.find_file(call_of(request).namespace, store, request.path_params["file_id"])


async def _find_batch(request: Request) -> BatchRow:
    store = await store_of(request)
    return await vector_stores.find_batch(call_of(request).namespace, store, request.path_params["batch_id"])


async def _list(request: Request, store: StoreRow, batch_id: str | None = None) -> dict[str, Any]:
    namespace = call_of(request).namespace
    query = parse_list_query(request.query_params.multi_items())
    status = last_given(request, "filter")
    if status is not None and status not in FILTERS:
        raise ApiError("invalid_value", "filter", value=status, supported=quoted_list(FILTERS))
    after = await _at(namespace, store, query.after, "after")
    before = await _at(namespace, store, query.before, "before")
    if status in ("in_progress", "cancelled"):  # none ever is
        return await listed(query, [], _shown_file)
    failed = None if status is None else status == "failed"
    asked = FilePage(query.limit + 1, query.order == "desc", after, before, failed, batch_id)
    now = namespace.clock.now()
    work = partial(rows.page_of_files, namespace=namespace.name, store_id=store.id, asked=asked, now=now)
    return await listed(query, await namespace.store.read(work), _shown_file)


async def _at(namespace: Namespace, store: StoreRow, file_id: str | None, param: str) -> SearchedFileRow | None:
    if file_id is None:
        return None
    try:
        return await vector_stores.find_file(namespace, store, file_id)
    except ApiError:
        raise ApiError("invalid", param, reason=f"no file with id '{file_id}' is in this list.") from None


async def _shown_file(row: SearchedFileRow) -> dict[str, Any]:
    return _shown(row)


def _shown(row: SearchedFileRow) -> dict[str, Any]:
    """The vector store file object: these nine keys, in this order."""
    sizes = {"max_chunk_size_tokens": row.chunk_tokens, "chunk_overlap_tokens": row.overlap_tokens}
    return {
        "id": row.id,
        "object": "vector_store.file",
        "usage_bytes": row.usage_bytes,
        "created_at": int(row.created_at),
        "vector_store_id": row.vector_store_id,
        "status": "failed" if row.error else "completed",
        "last_error": {"code": row.error, "message": row.message} if row.error else None,
        "chunking_strategy": {"type": "static", "static": sizes},
        "attributes": orjson.loads(row.attributes),
    }


def _shown_batch(row: BatchRow) -> dict[str, Any]:
    """The batch object: these six keys, in this order."""
    return {
        "id": row.id,
        "object": "vector_store.files_batch",
        "created_at": int(row.created_at),
        "vector_store_id": row.vector_store_id,
        "status": "completed",
        "file_counts": counts(completed=row.completed, failed=row.failed),
    }
