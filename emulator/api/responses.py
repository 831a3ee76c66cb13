"""The endpoints under `/responses`: bytes in, bytes out; what happens is decided in `run/`."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import Call, answer, call_of, page, read_json
from emulator.core import deployments
from emulator.core.errors import ApiError
from emulator.core.items import hide, persisted
from emulator.core.requests import (
    CreateRequest,
    ListQuery,
    RetrieveQuery,
    check_response_id,
    parse_compact,
    parse_create,
    parse_input_tokens,
    parse_list_query,
    parse_retrieve_query,
)
from emulator.core.views import shown
from emulator.run import context, settle
from emulator.run.accept import accept, compact_context, count_input_tokens
from emulator.run.create import complete, enqueue, stream
from emulator.run.follow import check_followable, follow
from emulator.store.responses import ResponseRow


async def create(request: Request) -> Response:
    """POST /responses: plain, streamed, background, or both."""
    call = call_of(request)
    namespace = call.namespace
    asked = parse_create(await read_json(request), strict=namespace.settings.validation == "strict")
    call.warn(*asked.warnings)
    _check_conversation(call, asked)
    _check_deployment(call, asked.model)
    run = await accept(namespace, call.dialect, asked, call.headers, call.incident)
    call.warn(*run.warnings)
    call.response_id, call.fixture = run.response["id"], run.plan.fixture
    response_id: str = run.response["id"]
    if asked.background:
        queued = await enqueue(run)
        if not asked.stream:
            return answer(queued)  # it has no output yet
        lines = follow(namespace, response_id)
    elif asked.stream:
        lines = stream(run, call.ahead)
    else:
        return answer(shown(await complete(run), asked.include))
    return _stream(call, lines, response_id, asked)


def _check_conversation(call: Call, asked: CreateRequest) -> None:
    """Refuse the field `conversation` where the dialect does not know it."""
    if asked.conversation is not None and not call.serves_conversations():
        raise ApiError("unknown_parameter", "conversation")


def _check_deployment(call: Call, name: str) -> None:
    """Any name is served where none was configured; an unknown one is named, or refused where validation is strict."""
    settings = call.namespace.settings
    if name in deployments.BY_NAME or settings.deployments:
        return
    if settings.validation == "strict":
        raise ApiError("unknown_deployment", "model", model=name)
    call.warn(f"unknown_deployment: {name}")


async def retrieve(request: Request) -> Response:
    """GET /responses/{id}: the Response, or with `stream=true` its log from `starting_after` on."""
    call = call_of(request)
    query = parse_retrieve_query(request.query_params.multi_items())
    row = await _find(request, poll=request.method == "GET" and not query.stream)
    if not query.stream:
        return answer(shown(persisted(row.response), query.include))
    check_followable(call.namespace, row)
    after = -1 if query.starting_after is None else query.starting_after
    call.resumed = after
    lines = follow(call.namespace, row.id, after)
    return _stream(call, lines, row.id, query)


async def delete(request: Request) -> Response:
    """DELETE /responses/{id}."""
    call = call_of(request)
    response_id = _response_id(request)
    await settle.remove(call.namespace, response_id)
    return answer({"id": response_id, "object": call.dialect.deleted_object, "deleted": True})


async def cancel(request: Request) -> Response:
    """POST /responses/{id}/cancel."""
    row = await settle.cancel(call_of(request).namespace, _response_id(request))
    return answer(shown(persisted(row.response), ()))


async def input_items(request: Request) -> Response:
    """GET /responses/{id}/input_items: the whole input context, newest first unless asked otherwise."""
    query = parse_list_query(request.query_params.multi_items())
    row = await _find(request)
    items = list(await context.input_items(call_of(request).namespace, row))
    if query.order == "desc":
        items.reverse()
    return answer(_page(items, query))


async def input_tokens(request: Request) -> Response:
    """POST /responses/input_tokens: how many tokens the same request would read."""
    call = call_of(request)
    strict = call.strict
    asked = parse_input_tokens(await read_json(request), strict=strict)
    call.warn(*asked.warnings)
    _check_conversation(call, asked)
    tokens = await count_input_tokens(call.namespace, call.dialect, asked, call.headers)
    return answer({"object": "response.input_tokens", "input_tokens": tokens})


async def compact(request: Request) -> Response:
    """POST /responses/compact: not there in the Azure dialect, as the how-to page says, unless it is turned on."""
    call = call_of(request)
    if not call.dialect.compact:
        raise ApiError("bad_path", method=request.method, path=request.url.path)
    asked = parse_compact(await read_json(request), strict=call.strict)
    call.warn(*asked.warnings)
    _check_deployment(call, asked.model)
    return answer(await compact_context(call.namespace, call.dialect, asked, call.headers))


def _response_id(request: Request) -> str:
    response_id: str = request.path_params["response_id"]
    check_response_id(response_id)
    call_of(request).response_id = response_id
    return response_id


async def _find(request: Request, *, poll: bool = False) -> ResponseRow:
    response_id = _response_id(request)
    row = await settle.settle(call_of(request).namespace, response_id, poll=poll)
    if row is None:
        raise ApiError("response_not_found", id=response_id)
    return row


def _stream(
    call: Call, lines: AsyncIterator[list[bytes]], response_id: str, asked: CreateRequest | RetrieveQuery
) -> Response:
    from emulator.api.sse import Frames, Stream  # with the library of streams, which a test may not need

    frames = Frames(response_id, obfuscate=asked.include_obfuscation, include=asked.include)
    namespace = call.namespace
    done = namespace.settings.done_frame and call.dialect.done_frame
    clock = namespace.clock.ground  # proxies and clients live by the machine's time
    return Stream(lines, frames, keep_alive=namespace.settings.keep_alive, clock=clock, done=done)


def _page(items: list[dict[str, Any]], query: ListQuery) -> dict[str, Any]:
    start, end = 0, len(items)
    if query.after is not None:
        start = _position(items, query.after, "after") + 1
    if query.before is not None:
        end = _position(items, query.before, "before")
    window = items[start:end]
    # Paging backwards shows the items just before the one that was named.
    backwards = query.before is not None and query.after is None
    shown = window[-query.limit :] if backwards else window[: query.limit]
    return page(hide(shown, query.include), has_more=len(window) > len(shown))


def _position(items: list[dict[str, Any]], item_id: str, param: str) -> int:
    for position, item in enumerate(items):
        if item["id"] == item_id:
            return position
    raise ApiError("invalid", param, reason=f"no item with id '{item_id}' is in this list.")
