"""The rows of conversations, their items and their turns; each change stands under its guard, no rule of the wire here.

Every function takes a connection and is run by `Store.read` or `Store.write`. No item is changed: it is there from the
revision that added it until the one that removed it, so what a response has read can be read again.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select, tuple_, update

from emulator.core.records import dataclass
from emulator.store.driver import add_rows, find
from emulator.store.engine import Rows, in_parts
from emulator.store.responses import GRACE, ResponseRow, chain_ids
from emulator.store.schema import conversation_items, conversation_turns, conversations

Item = tuple[str, bytes]  # its id and its JSON
Leave = Callable[[Connection], bool]


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One conversation: see `store/schema.py`. `metadata` and `chain` are JSON, times are seconds."""

    namespace: str
    id: str
    metadata: bytes
    created_at: float
    deleted_at: float | None
    chain: bytes
    revision: int = 0
    positions: int = 0
    running: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class TurnRow:
    """What a response has read of the conversation that it went on with: its revision, and its state then as JSON."""

    conversation_id: str
    revision: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Which items of a conversation: at most `limit`, behind the position `after` in that order."""

    limit: int
    newest_first: bool = True
    after: int | None = None


_COLUMNS = tuple(conversations.c)
_KEY = and_(conversations.c.namespace == bindparam("ns"), conversations.c.id == bindparam("cid"))
_GET = select(*_COLUMNS).where(_KEY)
_LIVING = update(conversations).where(_KEY, conversations.c.deleted_at.is_(None))
_OF = and_(conversation_items.c.namespace == bindparam("ns"), conversation_items.c.conversation_id == bindparam("cid"))
_THERE = conversation_items.c.removed.is_(None)
_ITEM = select(conversation_items.c.position, conversation_items.c.item)
_ITEM = _ITEM.where(_OF, _THERE, conversation_items.c.id == bindparam("item"))
_TURN = select(conversation_turns.c.conversation_id, conversation_turns.c.revision, conversation_turns.c.chain)
_TURN = _TURN.where(
    conversation_turns.c.namespace == bindparam("ns"), conversation_turns.c.response_id == bindparam("rid")
)


def get(connection: Connection, namespace: str, conversation_id: str) -> ConversationRow | None:
    """The row of a conversation, deleted or not; None where there never was one."""
    found = find(connection, _GET, {"ns": namespace, "cid": conversation_id})
    return ConversationRow(*found) if found else None


def new_rows(row: ConversationRow, items: Sequence[Item]) -> Rows:
    """The rows of a new conversation with its first items, for `Store.insert`."""
    return {
        conversations: [tuple(getattr(row, column.name) for column in _COLUMNS)],
        conversation_items: _items(row, 0, items),
    }


def set_metadata(connection: Connection, row: ConversationRow, metadata: bytes) -> bool:
    """Replace the metadata; False where the conversation has gone."""
    changed = connection.execute(_LIVING.values(metadata=metadata), {"ns": row.namespace, "cid": row.id})
    return bool(changed.rowcount)


def hide(connection: Connection, namespace: str, conversation_id: str, now: float) -> bool:
    """Delete a conversation for everyone who asks; its items stay until the sweep finds no response that read them."""
    values = _LIVING.values(deleted_at=now, running=None, until=None)
    return bool(connection.execute(values, {"ns": namespace, "cid": conversation_id}).rowcount)


def hold(connection: Connection, seen: ConversationRow, by: str, until: float) -> bool:
    """Let the run of response `by` have it until that second of the machine; False if it is not as it was `seen`."""
    return _changed(connection, (seen.namespace, seen.id), _as_seen(seen), running=by, until=until)


def renew(connection: Connection, namespace: str, conversation_id: str, by: str, until: float | None) -> bool:
    """Let `by` have it longer: until then, or (None) until its response has ended; False if it has it no more."""
    return _changed(connection, (namespace, conversation_id), _held(by), until=until)


def release(connection: Connection, namespace: str, conversation_id: str, by: str) -> bool:
    """Give the conversation back as it was; False if `by` had it no more."""
    return _changed(connection, (namespace, conversation_id), _held(by), running=None, until=None)


def finish(connection: Connection, key: tuple[str, str], by: str, chain: bytes, items: Sequence[Item]) -> bool:
    """Add the items of a turn and give the conversation (its namespace and id) back; False if `by` had it no more."""
    return _grown(connection, key, _held(by), chain, items)


def append(connection: Connection, seen: ConversationRow, chain: bytes, items: Sequence[Item]) -> bool:
    """Add items; False, and nothing done, if the conversation is not as it was `seen`."""
    return _grown(connection, (seen.namespace, seen.id), _as_seen(seen), chain, items)


def _grown(
    connection: Connection, key: tuple[str, str], guard: ColumnElement[bool], chain: bytes, items: Sequence[Item]
) -> bool:
    more = {"revision": conversations.c.revision + 1, "positions": conversations.c.positions + len(items)}
    won = _changed(connection, key, guard, chain=chain, running=None, until=None, **more)
    row = get(connection, *key) if won else None
    if row is not None:
        add_rows(connection, conversation_items, _items(row, row.positions - len(items), items))
    return won


def remove_item(connection: Connection, seen: ConversationRow, chain: bytes, item_id: str) -> bool:
    """Take an item out of the conversation; False, and nothing done, if it is not as it was `seen`."""
    key, revision = (seen.namespace, seen.id), seen.revision + 1
    if not _changed(connection, key, _as_seen(seen), chain=chain, running=None, until=None, revision=revision):
        return False
    gone = update(conversation_items).where(_OF, _THERE, conversation_items.c.id == item_id)
    connection.execute(gone.values(removed=revision), {"ns": seen.namespace, "cid": seen.id})
    return True


def _changed(connection: Connection, key: tuple[str, str], guard: ColumnElement[bool], **values: Any) -> bool:
    statement = _LIVING.where(guard).values(**values)
    return bool(connection.execute(statement, {"ns": key[0], "cid": key[1]}).rowcount)


def _held(by: str) -> ColumnElement[bool]:
    return conversations.c.running == by


def _as_seen(seen: ConversationRow) -> ColumnElement[bool]:
    return and_(
        conversations.c.revision == seen.revision,
        conversations.c.running.is_not_distinct_from(seen.running),
        conversations.c.until.is_not_distinct_from(seen.until),
    )


def save_turn(connection: Connection, seen: ConversationRow, row: ResponseRow, new: Rows, leave: Leave) -> bool:
    """Save the `new` rows of a response that went on with a conversation, and `leave` that as it should be.

    False, and nothing done, where the response had it no more. One that was deleted meanwhile needs no leave.
    """
    if not leave(connection):
        found = get(connection, seen.namespace, seen.id)
        if found is not None and found.deleted_at is None:
            return False
    turn = (row.namespace, row.id, seen.id, seen.revision, seen.chain)
    for table, rows in {**new, conversation_turns: [turn]}.items():
        add_rows(connection, table, rows)
    return True


def turn_of(connection: Connection, namespace: str, response_id: str) -> TurnRow | None:
    """What a response has read; None where it went on with no conversation, or was not saved."""
    found = find(connection, _TURN, {"ns": namespace, "rid": response_id})
    return TurnRow(*found) if found else None


def items_at(connection: Connection, namespace: str, conversation_id: str, revision: int) -> list[bytes]:
    """All items that a conversation had at that revision, oldest first; also of a deleted one."""
    item = conversation_items.c
    query = select(item.item).where(_OF, item.added <= revision, or_(item.removed.is_(None), item.removed > revision))
    return list(connection.scalars(query.order_by(item.position), {"ns": namespace, "cid": conversation_id}))


def page(connection: Connection, row: ConversationRow, asked: ItemPage) -> list[bytes]:
    """The items of a page, in its order."""
    position = conversation_items.c.position
    query = select(conversation_items.c.item).where(_OF, _THERE)
    if asked.after is not None:
        query = query.where(position < asked.after if asked.newest_first else position > asked.after)
    query = query.order_by(position.desc() if asked.newest_first else position).limit(asked.limit)
    return list(connection.scalars(query, {"ns": row.namespace, "cid": row.id}))


def find_item(connection: Connection, row: ConversationRow, item_id: str) -> tuple[int, bytes] | None:
    """The position and the JSON of an item that is in the conversation."""
    found = find(connection, _ITEM, {"ns": row.namespace, "cid": row.id, "item": item_id})
    return (found[0], found[1]) if found else None


def held(connection: Connection, namespace: str, item_ids: Sequence[str]) -> dict[str, bytes]:
    """Those of these items that any conversation has, deleted ones too, by id."""
    found: dict[str, bytes] = {}
    for part in in_parts(item_ids):
        query = select(conversation_items.c.id, conversation_items.c.item)
        query = query.where(conversation_items.c.namespace == namespace, conversation_items.c.id.in_(part), _THERE)
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def among(connection: Connection, row: ConversationRow, item_ids: Sequence[str]) -> set[str]:
    """Which of these items are in the conversation."""
    found: set[str] = set()
    for part in in_parts(item_ids):
        query = select(conversation_items.c.id).where(_OF, _THERE, conversation_items.c.id.in_(part))
        found.update(connection.scalars(query, {"ns": row.namespace, "cid": row.id}))
    return found


def read_by_chain(connection: Connection, namespace: str, response_id: str, item_ids: Sequence[str]) -> set[str]:
    """Which of these items the chain of `response_id` has from the conversation that it began in, if it did.

    The chain is followed only where a conversation has had one of them.
    """
    item = conversation_items.c
    found: list[Any] = []
    for part in in_parts(item_ids):
        query = select(item.id, item.conversation_id, item.added, item.removed)
        found += connection.execute(query.where(item.namespace == namespace, item.id.in_(part)))
    if not found:
        return set()
    turn, chain = conversation_turns.c, chain_ids(namespace, response_id)
    of_chain = and_(turn.namespace == namespace, turn.response_id == chain.c.id)
    turns = connection.execute(
        select(turn.conversation_id, turn.revision).join_from(chain, conversation_turns, of_chain)
    )
    read = {row.conversation_id: row.revision for row in turns}
    return {row.id for row in found if _is_at(row, read.get(row.conversation_id, -1))}


def _is_at(row: Any, revision: int) -> bool:
    """Whether an item is there at that revision."""
    return bool(row.added <= revision and (row.removed is None or row.removed > revision))


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` removed items, and deleted conversations, that no response has read; how many rows went."""
    item, turn = conversation_items.c, conversation_turns.c
    same = and_(turn.namespace == item.namespace, turn.conversation_id == item.conversation_id)
    read = exists().where(same, turn.revision >= item.added, turn.revision < item.removed)
    removed = select(item.conversation_id, item.position).where(
        item.namespace == namespace, item.removed.is_not(None), ~read
    )
    gone = _delete(connection, namespace, list(connection.execute(removed.limit(most)).all()))
    needed = exists().where(turn.namespace == conversations.c.namespace, turn.conversation_id == conversations.c.id)
    of, deleted_at = conversations.c.namespace == namespace, conversations.c.deleted_at
    ids = list(connection.scalars(select(conversations.c.id).where(of, deleted_at <= now - GRACE, ~needed).limit(most)))
    if ids:
        connection.execute(delete(conversation_items).where(item.namespace == namespace, item.conversation_id.in_(ids)))
        connection.execute(delete(conversations).where(of, conversations.c.id.in_(ids)))
    return gone + len(ids)


def _delete(connection: Connection, namespace: str, keys: Sequence[Any]) -> int:
    if keys:
        place = tuple_(conversation_items.c.conversation_id, conversation_items.c.position)
        of = conversation_items.c.namespace == namespace
        connection.execute(delete(conversation_items).where(of, place.in_([tuple(key) for key in keys])))
    return len(keys)


def _items(row: ConversationRow, first: int, items: Sequence[Item]) -> list[tuple[Any, ...]]:
    return [
        (row.namespace, row.id, first + number, item_id, row.revision, None, item)
        for number, (item_id, item) in enumerate(items)
    ]
