"""The context of a response: its parent, the items that a request brings or names, the whole list; it plans nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from emulator.core import chain
from emulator.core.chain import NEW_CHAIN, ChainState
from emulator.core.errors import ApiError
from emulator.core.ids import ItemIds
from emulator.core.items import normalise
from emulator.core.mcp import listed
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest
from emulator.core.states import ENDED
from emulator.run import conversations
from emulator.run.compaction import open_compaction
from emulator.run.conversation_turns import conversation_of, own_items
from emulator.run.namespace import Namespace
from emulator.run.settle import saved_row, settle
from emulator.run.thoughts import open_reasoning
from emulator.store import conversations as kept_rows
from emulator.store import responses as rows
from emulator.store.conversations import ConversationRow
from emulator.store.responses import ResponseRow

Item = dict[str, Any]
Holders = dict[str, list[str]]  # which responses hold an item, by its id
CHAINABLE = ("completed", "incomplete")


@dataclass(frozen=True, slots=True)
class Start:
    """What a request goes on with: the state of its `chain`, and of which response or conversation that is."""

    chain: ChainState = NEW_CHAIN
    parent: str | None = None
    conversation: ConversationRow | None = None


NOWHERE = Start()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a request adds to its chain: `items` are its own, `calls` those that they answer, `start` what was before.

    `thoughts` are the tokens of the reasoning that came back with its encrypted content, by the item's id. `fresh` are
    the items that no compaction among them stands for: where there is one, the chain of `start` is what it stands for.
    """

    items: tuple[Item, ...]
    fresh: tuple[Item, ...]
    calls: chain.Calls
    start: Start
    thoughts: Mapping[str, int]

    @property
    def before(self) -> ChainState:
        """The state of the chain that the request goes on with."""
        return self.start.chain


async def take_turn(namespace: Namespace, request: CreateRequest, response_id: str) -> Turn:
    """Check and complete the request's items against its chain; nothing is stored yet."""
    start = await _start(namespace, request)
    items, thoughts = await take_items(namespace, request.input, ItemIds(response_id, "in"), start)
    items, standing = open_compaction(namespace, items, request.input)
    if standing is None:
        return Turn(items, items, chain.match_outputs(start.chain, items), start, thoughts)
    calls = chain.match_outputs(standing.state, standing.after)
    return Turn(items, standing.after, calls, replace(start, chain=standing.state), thoughts)


async def take_items(
    namespace: Namespace, sent: Sequence[Item], ids: ItemIds, start: Start
) -> tuple[tuple[Item, ...], Mapping[str, int]]:
    """Items as they are stored, those that are only named in full, and the tokens of the reasoning that was opened."""
    opened = open_reasoning(namespace, sent, namespace.clock.now())
    items = tuple([normalise(item, ids.item) for item in opened.items])
    return await _resolve(namespace, start, opened.items, items), opened.tokens


async def _start(namespace: Namespace, request: CreateRequest) -> Start:
    """What a request goes on with."""
    if request.conversation is not None:
        conversation = await conversations.find(namespace, request.conversation)
        return Start(ChainState.from_json(conversation.chain), conversation=conversation)
    if request.previous_response_id is None:
        return NOWHERE
    return Start(await _parent(namespace, request.previous_response_id), request.previous_response_id)


async def _parent(namespace: Namespace, response_id: str) -> ChainState:
    """The state of the chain that ends with a response."""
    row = await settle(namespace, response_id)
    if row is None:
        raise ApiError("previous_response_not_found", "previous_response_id", id=response_id)
    if row.status not in ENDED:
        raise ApiError("previous_response_unfinished", "previous_response_id", id=response_id, status=row.status)
    if row.status not in CHAINABLE and namespace.settings.chain_to_ended == "refuse":
        raise ApiError("previous_response_ended", "previous_response_id", id=response_id, status=row.status)
    return ChainState.from_json(row.chain)


async def _resolve(
    namespace: Namespace, start: Start, sent: Sequence[Item], items: tuple[Item, ...]
) -> tuple[Item, ...]:
    """Put the items that references name in their place; refuse what the chain holds already or nobody holds."""
    given = [item["id"] for item in sent if isinstance(item.get("id"), str)]
    if not given:
        return items
    holders = await namespace.store.read(lambda read: rows.holders(read, namespace.name, given))
    lost = [item["id"] for item in sent if _must_be_stored(item) and item["id"] not in holders]
    kept = await _held(namespace, lost)
    for item_id in lost:
        if item_id not in kept:
            raise ApiError("item_not_found", "input", id=item_id)
    there = await _in_chain(namespace, start, given, holders)
    for item_id in given:
        if item_id in there:
            raise ApiError("duplicate_item", "input", id=item_id)
    named = [item["id"] for item in sent if _names_another(item)]
    found = await _fetch(namespace, named, holders)
    return tuple([found.get(item["id"], item) for item in items])


def _must_be_stored(item: Item) -> bool:
    """A reference is nothing without its item, and reasoning cannot be read back without its encrypted content."""
    if item["type"] == "reasoning":
        return bool(item.get("id")) and not item.get("encrypted_content")
    return _names_another(item)


def _names_another(item: Item) -> bool:
    """Whether it only stands for a stored item; a picture, which is heavy, may be named by type and id."""
    if item["type"] == "image_generation_call":
        return bool(item.get("id")) and not (item.get("status") or item.get("result"))
    return bool(item["type"] == "item_reference")


async def _in_chain(namespace: Namespace, start: Start, given: Sequence[str], holders: Holders) -> set[str]:
    """Which of the given items stand in the chain that the request goes on with."""
    if start.conversation is not None:
        return await namespace.store.read(partial(kept_rows.among, row=start.conversation, item_ids=given))
    if start.parent is None:
        return set()
    key: dict[str, Any] = {"namespace": namespace.name, "response_id": start.parent}
    found = await namespace.store.read(partial(kept_rows.read_by_chain, **key, item_ids=given))
    if holders:
        among = {response_id for held_by in holders.values() for response_id in held_by}
        chained = await namespace.store.read(partial(rows.in_chain, **key, among=among))
        found |= {item_id for item_id, held_by in holders.items() if not chained.isdisjoint(held_by)}
    return found


async def _fetch(namespace: Namespace, named: Sequence[str], holders: Holders) -> dict[str, Item]:
    """The items with these ids; each response that holds some of them is read once."""
    found: dict[str, Item] = {}
    for response_id in dict.fromkeys(holder for item_id in named for holder in holders.get(item_id, ())):
        if found.keys() < set(named):
            row = await settle(namespace, response_id)
            found |= {item["id"]: item for item in (own_items(row) if row else ()) if item["id"] in holders}
    found |= await _held(namespace, [item_id for item_id in named if item_id not in found])
    for item_id in named:
        if item_id not in found:
            raise ApiError("item_not_found", "input", id=item_id)
    return found


async def _held(namespace: Namespace, item_ids: Sequence[str]) -> dict[str, Item]:
    """Those of these items that a conversation has kept, whatever became of the response that they came from."""
    if not item_ids:
        return {}
    kept = await namespace.store.read(partial(kept_rows.held, namespace=namespace.name, item_ids=item_ids))
    return {item_id: orjson.loads(item) for item_id, item in kept.items()}


async def listed_tools(namespace: Namespace, request: CreateRequest, before: ChainState) -> dict[str, list[Item]]:
    """The tools of the offered MCP servers that the chain has listed, by label, whoever of the chain is deleted."""
    labels = {tool["server_label"] for tool in request.tools if tool["type"] == "mcp"}
    wanted = {item_id: label for label, item_id in before.mcp_servers.items() if label in labels}
    if not wanted:
        return {}
    holders = await namespace.store.read(lambda read: rows.holders(read, namespace.name, list(wanted)))
    lists: list[Item] = []
    for response_id in dict.fromkeys(held_by[0] for held_by in holders.values()):
        row = await saved_row(namespace, response_id)
        lists += own_items(row) if row else ()
    lists += (await _held(namespace, [item_id for item_id in wanted if item_id not in holders])).values()
    found: dict[str, list[Item]] = {}
    for item in lists:
        if item["id"] in wanted:
            label = wanted[item["id"]]
            found[label] = [dict(tool) for tool in listed([item], label) or ()]
    return found


async def input_items(namespace: Namespace, row: ResponseRow) -> list[Item]:
    """The whole input context of a response, oldest first: all items of its chain, then its own input."""
    before = await chain_items(namespace, row.previous_id) if row.previous_id else await _read_by(namespace, row)
    return [*before, *orjson.loads(row.input)]


async def earlier_items(namespace: Namespace, start: Start) -> list[Item]:
    """All items of the chain that a request goes on with, oldest first."""
    if start.conversation is not None:
        return await _items_at(namespace, start.conversation.id, start.conversation.revision)
    return await chain_items(namespace, start.parent) if start.parent else []


async def chain_items(namespace: Namespace, response_id: str) -> list[Item]:
    """All items of a chain up to and with that response, oldest first."""
    ancestors = await namespace.store.read(lambda read: rows.ancestry(read, namespace.name, response_id))
    first = await _read_by(namespace, ancestors[0]) if ancestors else []
    return [*first, *(item for ancestor in ancestors for item in own_items(ancestor))]


async def _read_by(namespace: Namespace, row: ResponseRow) -> list[Item]:
    """What a response has read of the conversation that it went on with; nothing if it went on with none."""
    if conversation_of(row) is None:
        return []
    turn = await namespace.store.read(partial(kept_rows.turn_of, namespace=row.namespace, response_id=row.id))
    return await _items_at(namespace, turn.conversation_id, turn.revision) if turn else []


async def _items_at(namespace: Namespace, conversation_id: str, revision: int) -> list[Item]:
    found = await namespace.store.read(lambda read: kept_rows.items_at(read, namespace.name, conversation_id, revision))
    return [orjson.loads(item) for item in found]
