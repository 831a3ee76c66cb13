"""The context of a response: its parent, the items that a request brings or names, the whole list; it plans nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from emulator.core import chain
from emulator.core.chain import NEW_CHAIN, ChainState
from emulator.core.errors import ApiError
from emulator.core.ids import ItemIds
from emulator.core.items import normalise
from emulator.core.mcp import listed
from emulator.core.requests import CreateRequest
from emulator.core.states import ENDED
from emulator.run.namespace import Namespace
from emulator.run.settle import saved_row, settle
from emulator.run.thoughts import open_reasoning
from emulator.store import responses as rows
from emulator.store.responses import ResponseRow

Item = dict[str, Any]
CHAINABLE = ("completed", "incomplete")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a request adds to its chain: `items` are its own, `calls` those that they answer, `before` the chain.

    `thoughts` are the tokens of the reasoning that came back with its encrypted content, by the item's id.
    """

    items: tuple[Item, ...]
    calls: chain.Calls
    before: ChainState
    thoughts: Mapping[str, int]


async def take_turn(namespace: Namespace, request: CreateRequest, response_id: str) -> Turn:
    """Check and complete the request's items against its chain; nothing is stored yet."""
    before = await _parent(namespace, request.previous_response_id)
    opened = open_reasoning(namespace, request.input, namespace.clock.now())
    ids = ItemIds(response_id, "in")
    items = tuple([normalise(item, ids.item) for item in opened.items])
    items = await _resolve(namespace, request.previous_response_id, opened.items, items)
    return Turn(items, chain.match_outputs(before, items), before, opened.tokens)


async def _parent(namespace: Namespace, response_id: str | None) -> ChainState:
    """The state of the chain that a request goes on with."""
    if response_id is None:
        return NEW_CHAIN
    row = await settle(namespace, response_id)
    if row is None:
        raise ApiError("previous_response_not_found", "previous_response_id", id=response_id)
    if row.status not in ENDED:
        raise ApiError("previous_response_unfinished", "previous_response_id", id=response_id, status=row.status)
    if row.status not in CHAINABLE and namespace.settings.chain_to_ended == "refuse":
        raise ApiError("previous_response_ended", "previous_response_id", id=response_id, status=row.status)
    return ChainState.from_json(row.chain)


async def _resolve(
    namespace: Namespace, parent: str | None, sent: Sequence[Item], items: tuple[Item, ...]
) -> tuple[Item, ...]:
    """Put the items that references name in their place; refuse what the chain holds already or nobody holds."""
    given = [item["id"] for item in sent if isinstance(item.get("id"), str)]
    if not given:
        return items
    holders = await namespace.store.read(lambda read: rows.holders(read, namespace.name, given))
    for item in sent:
        if _must_be_stored(item) and item["id"] not in holders:
            raise ApiError("item_not_found", "input", id=item["id"])
    await _refuse_duplicates(namespace, parent, holders)
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


async def _refuse_duplicates(namespace: Namespace, parent: str | None, holders: dict[str, list[str]]) -> None:
    if parent is None or not holders:
        return
    among = {response_id for held_by in holders.values() for response_id in held_by}
    work = partial(rows.in_chain, namespace=namespace.name, response_id=parent, among=among)
    chained = await namespace.store.read(work)
    for item_id, held_by in holders.items():
        if not chained.isdisjoint(held_by):
            raise ApiError("duplicate_item", "input", id=item_id)


async def _fetch(namespace: Namespace, named: Sequence[str], holders: dict[str, list[str]]) -> dict[str, Item]:
    """The items with these ids; each response that holds some of them is read once."""
    found: dict[str, Item] = {}
    for response_id in dict.fromkeys(holder for item_id in named for holder in holders[item_id]):
        if found.keys() < set(named):
            row = await settle(namespace, response_id)
            found |= {item["id"]: item for item in (own_items(row) if row else ()) if item["id"] in holders}
    for item_id in named:
        if item_id not in found:
            raise ApiError("item_not_found", "input", id=item_id)
    return found


async def listed_tools(namespace: Namespace, request: CreateRequest, before: ChainState) -> dict[str, list[Item]]:
    """The tools of the offered MCP servers that the chain has listed, by label, whoever of the chain is deleted."""
    labels = {tool["server_label"] for tool in request.tools if tool["type"] == "mcp"}
    wanted = {item_id: label for label, item_id in before.mcp_servers.items() if label in labels}
    if not wanted:
        return {}
    holders = await namespace.store.read(lambda read: rows.holders(read, namespace.name, list(wanted)))
    found: dict[str, list[Item]] = {}
    for response_id in dict.fromkeys(held_by[0] for held_by in holders.values()):
        row = await saved_row(namespace, response_id)
        for item in own_items(row) if row else ():
            if item["id"] in wanted:
                label = wanted[item["id"]]
                found[label] = [dict(tool) for tool in listed([item], label) or ()]
    return found


def own_items(row: ResponseRow) -> list[Item]:
    """The items of one turn, its input then its output."""
    return [*orjson.loads(row.input), *orjson.loads(row.response)["output"]]


async def input_items(namespace: Namespace, row: ResponseRow) -> Sequence[Item]:
    """The whole input context of a response, oldest first: all items of its chain, then its own input."""
    own: list[Item] = orjson.loads(row.input)
    return await chain_items(namespace, row.previous_id) + own


async def chain_items(namespace: Namespace, response_id: str | None) -> list[Item]:
    """All items of a chain up to and with that response, oldest first; none of no response."""
    if response_id is None:
        return []
    ancestors = await namespace.store.read(lambda read: rows.ancestry(read, namespace.name, response_id))
    return [item for ancestor in ancestors for item in own_items(ancestor)]
