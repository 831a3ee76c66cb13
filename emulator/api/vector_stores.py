"""The endpoints of vector stores and of searches in them: bytes in, bytes out; decisions are made in `run/`."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import Call, answer, call_of, page, read_json
from emulator.core.errors import ApiError
from emulator.core.queries import ListQuery
from emulator.core.requests import parse_list_query
from emulator.core.small_bodies import Body, read_body
from emulator.core.validation import check_id
from emulator.core.vector_store_params import LATER, RESULTS, ChangeBody, SearchBody, StoreBody
from emulator.run import file_search, vector_stores
from emulator.run.file_search import Asked
from emulator.run.namespace import Namespace
from emulator.store import vector_stores as rows
from emulator.store.lists import Page
from emulator.store.vector_stores import Held, StoreRow


async def create(request: Request) -> Response:
    """POST /vector_stores: an empty one, or one with uploaded files, read at once."""
    call = call_of(request)
    asked = await read(call, request, StoreBody)
    return answer(await _shown(call.namespace, await vector_stores.make(call.namespace, asked)))


async def list_stores(request: Request) -> Response:
    """GET /vector_stores: newest first unless asked otherwise, expired ones too."""
    namespace = call_of(request).namespace
    query = parse_list_query(request.query_params.multi_items())
    after, before = await _at(namespace, query.after, "after"), await _at(namespace, query.before, "before")
    asked = Page(query.limit + 1, query.order == "desc", after, before)
    found = await namespace.store.read(partial(rows.page, namespace=namespace.name, asked=asked))
    return answer(await listed(query, found, partial(_shown, namespace)))


async def retrieve(request: Request) -> Response:
    """GET /vector_stores/{id}: also one that is expired; asking does not keep it alive."""
    return answer(await _shown(call_of(request).namespace, await store_of(request)))


async def change(request: Request) -> Response:
    """POST /vector_stores/{id}: its name, metadata and life."""
    call = call_of(request)
    store = await living_store_of(request)
    asked = await read(call, request, ChangeBody)
    return answer(await _shown(call.namespace, await vector_stores.change(call.namespace, store, asked)))


async def delete(request: Request) -> Response:
    """DELETE /vector_stores/{id}: the uploaded files stay."""
    store_id = _id(request)
    await vector_stores.remove(call_of(request).namespace, store_id)
    return answer({"id": store_id, "object": "vector_store.deleted", "deleted": True})


async def search(request: Request) -> Response:
    """POST /vector_stores/{id}/search: the chunks that fit best, in one page."""
    call = call_of(request)
    store = await living_store_of(request)
    body = await read(call, request, SearchBody)
    queries = [body.query] if isinstance(body.query, str) else body.query
    threshold = (body.ranking_options.score_threshold if body.ranking_options else None) or 0.0
    asked = Asked(queries, body.filters, body.max_num_results or RESULTS, threshold)
    found = await file_search.search(call.namespace, [store], asked)
    return answer(whole_page("vector_store.search_results.page", [_result(one) for one in found], search_query=queries))


def _result(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "file_id": found["file_id"],
        "filename": found["filename"],
        "score": found["score"],
        "attributes": found["attributes"],
        "content": [{"type": "text", "text": found["text"]}],
    }


async def store_of(request: Request) -> StoreRow:
    """The vector store of the path."""
    return await vector_stores.find(call_of(request).namespace, _id(request))


async def living_store_of(request: Request) -> StoreRow:
    """The vector store of the path, which must not be expired."""
    return await vector_stores.find_living(call_of(request).namespace, _id(request))


def _id(request: Request) -> str:
    store_id: str = request.path_params["vector_store_id"]
    check_id(store_id, "vs_", "vector_store_id")
    return store_id


async def read(call: Call, request: Request, model: type[Body]) -> Body:
    """The checked body of a request; what nobody understood is warned of."""
    strict = call.strict
    body, warnings = read_body(await read_json(request), model, later=LATER, strict=strict)
    call.warn(*warnings)
    return body


async def listed(query: ListQuery, found: list[Any], shown: Callable[[Any], Any]) -> dict[str, Any]:
    """A page of a list from one row more than it has; that row is the farthest from where the page begins."""
    more = len(found) > query.limit
    backwards = query.before is not None and query.after is None
    kept = found[-query.limit :] if backwards else found[: query.limit]
    return page([await shown(row) for row in kept], has_more=more)


def whole_page(kind: str, data: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A page that is all there is."""
    return {"object": kind, **more, "data": data, "has_more": False, "next_page": None}


def counts(*, completed: int, failed: int) -> dict[str, int]:
    """The `file_counts` of an object: what was read at once is never in progress."""
    return {"in_progress": 0, "completed": completed, "failed": failed, "cancelled": 0, "total": completed + failed}


async def _shown(namespace: Namespace, row: StoreRow) -> dict[str, Any]:
    """The VectorStore object: these eleven keys, in this order."""
    now = namespace.clock.now()
    held: Held = await namespace.store.read(partial(rows.held, namespace=row.namespace, store_id=row.id, now=now))
    return {
        "id": row.id,
        "object": "vector_store",
        "created_at": int(row.created_at),
        "name": row.name,
        "usage_bytes": held.bytes,
        "file_counts": counts(completed=held.completed, failed=held.failed),
        "status": "expired" if vector_stores.is_expired(row, now) else "completed",
        "expires_after": None if row.days is None else {"anchor": "last_active_at", "days": row.days},
        "expires_at": None if row.expires_at is None else int(row.expires_at),
        "last_active_at": int(row.last_active_at),
        "metadata": orjson.loads(row.metadata),
    }


async def _at(namespace: Namespace, store_id: str | None, param: str) -> StoreRow | None:
    if store_id is None:
        return None
    row = await namespace.store.read(partial(rows.get, namespace=namespace.name, store_id=store_id))
    if row is None:
        raise ApiError("invalid", param, reason=f"no vector store with id '{store_id}' is in this list.")
    return row
