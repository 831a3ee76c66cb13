"""The endpoints of conversations and their items: bytes in, bytes out; decisions are made in `run/`."""

from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import Endpoint, answer, call_of, page, read_json
from emulator.core.conversation_params import parse_change, parse_conversation, parse_items
from emulator.core.errors import ApiError
from emulator.core.items import hide
from emulator.core.requests import parse_list_query
from emulator.core.validation import check_id
from emulator.run import conversation_items, conversations
from emulator.store.conversations import ConversationRow


def _served(endpoint: Endpoint) -> Endpoint:
    """The endpoint; a path that is not there where the dialect has no conversations."""

    @wraps(endpoint)
    async def serve(request: Request) -> Response:
        if not call_of(request).serves_conversations():
            raise ApiError("bad_path", method=request.method, path=request.url.path)
        return await endpoint(request)

    return serve


@_served
async def create(request: Request) -> Response:
    """POST /conversations: empty, or with its first items."""
    call = call_of(request)
    asked = parse_conversation(await read_json(request), strict=call.strict)
    call.warn(*asked.warnings)
    return answer(_shown(await conversation_items.make(call.namespace, call.dialect, asked)))


@_served
async def retrieve(request: Request) -> Response:
    """GET /conversations/{id}."""
    return answer(_shown(await _conversation(request)))


@_served
async def change(request: Request) -> Response:
    """POST /conversations/{id}: its metadata, which replace what it had."""
    call, conversation_id = call_of(request), _id(request)
    asked = parse_change(await read_json(request), strict=call.strict)
    call.warn(*asked.warnings)
    return answer(_shown(await conversations.change(call.namespace, conversation_id, asked.metadata)))


@_served
async def delete(request: Request) -> Response:
    """DELETE /conversations/{id}: responses that went on with it can still be read whole."""
    conversation_id = _id(request)
    await conversations.remove(call_of(request).namespace, conversation_id)
    return answer({"id": conversation_id, "object": "conversation.deleted", "deleted": True})


@_served
async def add_items(request: Request) -> Response:
    """POST /conversations/{id}/items: at its end; answers those that were added."""
    call, conversation_id = call_of(request), _id(request)
    query = parse_list_query(request.query_params.multi_items())
    asked = parse_items(await read_json(request), strict=call.strict)
    call.warn(*asked.warnings)
    items = await conversation_items.add(call.namespace, call.dialect, conversation_id, asked.items)
    return answer(page(hide(items, query.include), has_more=False))


@_served
async def list_items(request: Request) -> Response:
    """GET /conversations/{id}/items: newest first unless asked otherwise."""
    query = parse_list_query(request.query_params.multi_items())
    row = await _conversation(request)
    items, more = await conversation_items.page(call_of(request).namespace, row, query)
    return answer(page(hide(items, query.include), has_more=more))


@_served
async def retrieve_item(request: Request) -> Response:
    """GET /conversations/{id}/items/{item_id}."""
    query = parse_list_query(request.query_params.multi_items())
    row = await _conversation(request)
    item = await conversation_items.find(call_of(request).namespace, row, _item_id(request))
    return answer(hide([item], query.include)[0])


@_served
async def delete_item(request: Request) -> Response:
    """DELETE /conversations/{id}/items/{item_id}: answers the conversation."""
    call, conversation_id = call_of(request), _id(request)
    row = await conversation_items.remove(call.namespace, call.dialect, conversation_id, _item_id(request))
    return answer(_shown(row))


async def _conversation(request: Request) -> ConversationRow:
    return await conversations.find(call_of(request).namespace, _id(request))


def _id(request: Request) -> str:
    conversation_id: str = request.path_params["conversation_id"]
    check_id(conversation_id, "conv", "conversation_id")
    return conversation_id


def _item_id(request: Request) -> str:
    item_id: str = request.path_params["item_id"]
    check_id(item_id, None, "item_id")
    return item_id


def _shown(row: ConversationRow) -> dict[str, Any]:
    """The Conversation object: these four keys, in this order."""
    return {
        "id": row.id,
        "object": "conversation",
        "created_at": int(row.created_at),
        "metadata": orjson.loads(row.metadata),
    }
