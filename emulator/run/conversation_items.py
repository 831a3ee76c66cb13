"""The items of a conversation by themselves: added, taken out, found and listed; no run answers them here.

They are checked as the input of a response is. No deployment is named, so images and files count as they do for one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from emulator.core.chain import NEW_CHAIN, ChainState, check_outputs
from emulator.core.conversation_params import Asked
from emulator.core.deployments import BY_NAME
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.ids import ItemIds
from emulator.core.queries import ListQuery
from emulator.run import conversations
from emulator.run.attachments import attached, read_attachments
from emulator.run.checks import check_part
from emulator.run.context import Start, take_items
from emulator.run.conversation_turns import saved_items
from emulator.run.namespace import Namespace
from emulator.run.tokenizer import loaded_counter
from emulator.store import conversations as rows
from emulator.store.conversations import ConversationRow, ItemPage

Item = dict[str, Any]
DEPLOYMENT = BY_NAME["gpt-4o"]


async def make(namespace: Namespace, dialect: Dialect, asked: Asked) -> ConversationRow:
    """Make a conversation with its first items, all of it or nothing."""
    now = namespace.clock.now()
    metadata = orjson.dumps(asked.metadata)
    row = ConversationRow(namespace.name, namespace.ids.conversation(now), metadata, now, None, NEW_CHAIN.to_json())
    items, chain = await _taken(namespace, dialect, asked.items, row)
    row = replace(row, chain=chain.to_json(), positions=len(items))
    await namespace.store.insert(rows.new_rows(row, saved_items(items)), key=row.id)
    return row


async def add(namespace: Namespace, dialect: Dialect, conversation_id: str, sent: Sequence[Item]) -> Sequence[Item]:
    """Add items at the end, all or none; answers them as they are stored.

    Raises `conversation_not_found`, `conversation_locked`, and what an input item may raise with `items` as its param.
    """
    while True:
        row = await conversations.find_free(namespace, conversation_id)
        items, chain = await _taken(namespace, dialect, sent, row)
        append = partial(rows.append, seen=row, chain=chain.to_json(), items=saved_items(items))
        if await namespace.store.write(append, key=row.id):
            return items


async def _taken(
    namespace: Namespace, dialect: Dialect, sent: Sequence[Item], row: ConversationRow
) -> tuple[Sequence[Item], ChainState]:
    """Items as they are stored in a conversation, and its state with them."""
    start = Start(ChainState.from_json(row.chain), conversation=row)
    ids = ItemIds(f"{row.id}|{row.positions}", "in")  # no other items are ever added at that position
    with _told_of_items():
        for path, part in attached(sent):
            check_part(path, part, DEPLOYMENT, dialect)
        items, thoughts = await take_items(namespace, sent, ids, start)
        check_outputs(start.chain, items)
        counter = await loaded_counter(namespace.settings.tokens, DEPLOYMENT.model)
        tokens = (await read_attachments(namespace, dialect, DEPLOYMENT, items, counter)).tokens
    return items, start.chain.with_items(items, counter, thoughts, tokens)


@contextmanager
def _told_of_items() -> Iterator[None]:
    """What is said of `input` is said of `items`: there they stand in a body of conversations."""
    try:
        yield
    except ApiError as error:
        if error.param is not None and error.param.startswith("input"):
            error.param = error.values["param"] = f"items{error.param.removeprefix('input')}"
        raise


async def remove(namespace: Namespace, dialect: Dialect, conversation_id: str, item_id: str) -> ConversationRow:
    """Take an item out; the conversation without it.

    Raises `conversation_not_found`, `conversation_item_not_found` and `conversation_locked`.
    """
    while True:
        row = await conversations.find_free(namespace, conversation_id)
        await find(namespace, row, item_id)
        read = partial(rows.items_at, namespace=row.namespace, conversation_id=row.id, revision=row.revision)
        left = [item for item in map(orjson.loads, await namespace.store.read(read)) if item["id"] != item_id]
        chain = await _rebuilt(namespace, dialect, ChainState.from_json(row.chain), left)
        work = partial(rows.remove_item, seen=row, chain=chain.to_json(), item_id=item_id)
        if await namespace.store.write(work, key=row.id):
            return await conversations.find(namespace, conversation_id)


async def _rebuilt(namespace: Namespace, dialect: Dialect, chain: ChainState, left: Sequence[Item]) -> ChainState:
    """The state of a conversation of which these items are left; a file that has gone meanwhile counts no more."""
    counter = await loaded_counter(namespace.settings.tokens, DEPLOYMENT.model)
    tokens = 0
    for item in left:
        with suppress(ApiError):
            tokens += (await read_attachments(namespace, dialect, DEPLOYMENT, [item], counter)).tokens
    return chain.rebuilt(left, counter, tokens)


async def find(namespace: Namespace, row: ConversationRow, item_id: str) -> Item:
    """An item of a conversation; raises `conversation_item_not_found`."""
    found = await namespace.store.read(partial(rows.find_item, row=row, item_id=item_id))
    if found is None:
        raise ApiError("conversation_item_not_found", id=item_id, conversation=row.id)
    item: Item = orjson.loads(found[1])
    return item


async def page(namespace: Namespace, row: ConversationRow, query: ListQuery) -> tuple[list[Item], bool]:
    """The items of a page, and whether there are more behind it."""
    after = None
    if query.after is not None:
        found = await namespace.store.read(partial(rows.find_item, row=row, item_id=query.after))
        if found is None:
            raise ApiError("invalid", "after", reason=f"no item with id '{query.after}' is in this list.")
        after = found[0]
    asked = ItemPage(query.limit + 1, query.order == "desc", after)
    items = [orjson.loads(item) for item in await namespace.store.read(partial(rows.page, row=row, asked=asked))]
    return items[: query.limit], len(items) > query.limit
