"""The rows of responses, their chunks and item index; each change stands under its guard, no rule of the wire here.

Every function takes a connection and is run by `Store.read` or `Store.write`.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import CTE, Connection, and_, bindparam, delete, exists, literal, select, tuple_, update

from emulator.core.records import dataclass
from emulator.store.driver import add_rows, fetch, find
from emulator.store.engine import Rows, in_parts
from emulator.store.schema import chunks, conversation_turns, items, responses

GRACE = 3600.0  # seconds that the sweep leaves a response for the children that are being made of it
COLUMNS = tuple(responses.c)
_OLDER = responses.alias("older")


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One row: see `store/schema.py`. `response`, `input` and `chain` are JSON, times are seconds."""

    namespace: str
    id: str
    previous_id: str | None
    status: str
    background: bool
    streamed: bool
    created_at: float
    expires_at: float
    hidden: bool
    next_seq: int
    polls: int
    polled_at: float
    plan: bytes | None
    response: bytes
    input: bytes
    chain: bytes

    def values(self) -> tuple[Any, ...]:
        """A value for every column, in order, as the driver takes them: for a bool or bytes it looks for adapters."""
        return (
            self.namespace,
            self.id,
            self.previous_id,
            self.status,
            int(self.background),
            int(self.streamed),
            self.created_at,
            self.expires_at,
            int(self.hidden),
            self.next_seq,
            self.polls,
            self.polled_at,
            self.plan,
            bytearray(self.response),
            bytearray(self.input),
            bytearray(self.chain),
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """A saved piece of a log: the lines of the events `first` to `last`, each ending in a newline."""

    first: int
    last: int
    lines: bytes


_KEY = and_(responses.c.namespace == bindparam("ns"), responses.c.id == bindparam("rid"))
_GET = select(*COLUMNS).where(_KEY)
_REMOVE_ITEM = delete(items).where(
    items.c.namespace == bindparam("ns"), items.c.id == bindparam("item"), items.c.response_id == bindparam("rid")
)
_CHUNKS = (
    select(chunks.c.first, chunks.c.last, chunks.c.lines)
    .where(
        chunks.c.namespace == bindparam("ns"),
        chunks.c.response_id == bindparam("rid"),
        chunks.c.last > bindparam("after"),
    )
    .order_by(chunks.c.first)
)
# The one guard: content belongs to the log, order to (status, next_seq, polls).
_MOVE = (
    update(responses)
    .where(
        _KEY,
        responses.c.status == bindparam("seen_status"),
        responses.c.next_seq == bindparam("seen_seq"),
        responses.c.polls == bindparam("seen_polls"),
        responses.c.hidden.is_(False),
    )
    .values(
        status=bindparam("to_status"),
        next_seq=bindparam("to_seq"),
        polls=bindparam("to_polls"),
        polled_at=bindparam("to_polled_at"),
        response=bindparam("to_response"),
        chain=bindparam("to_chain"),
    )
)
# A plan changes only where outside work is done or lost: never over a change that was not seen, and never by the way.
_REPLAN = _MOVE.where(responses.c.plan == bindparam("seen_plan")).values(plan=bindparam("to_plan"))
_HIDE = (
    update(responses)
    .where(_KEY, responses.c.status == bindparam("seen_status"), responses.c.hidden.is_(False))
    .values(hidden=True, expires_at=bindparam("now"))
)


def get(connection: Connection, namespace: str, response_id: str) -> ResponseRow | None:
    """The row of a response, hidden or expired too; None where there never was one."""
    found = find(connection, _GET, {"ns": namespace, "rid": response_id})
    return ResponseRow(*found) if found else None


def new_rows(row: ResponseRow, item_ids: Iterable[str], lines: Sequence[bytes] = ()) -> Rows:
    """The rows of a new response, with its item ids and the first events of its log, for `Store.insert`."""
    return {
        responses: [row.values()],
        items: _index(row, item_ids),
        chunks: _chunk(row, 0, lines),
    }


def move(
    connection: Connection,
    seen: ResponseRow,
    then: ResponseRow,
    lines: Sequence[bytes] = (),
    item_ids: Iterable[str] = (),
    more: Rows | None = None,
) -> bool:
    """Replace `seen` by `then`, append `lines` and add `more` rows; False, and nothing done, if another was quicker."""
    replanned = then.plan != seen.plan
    won = connection.execute(
        _REPLAN if replanned else _MOVE,
        {
            "ns": seen.namespace,
            "rid": seen.id,
            "seen_status": seen.status,
            "seen_seq": seen.next_seq,
            "seen_polls": seen.polls,
            "to_status": then.status,
            "to_seq": then.next_seq,
            "to_polls": then.polls,
            "to_polled_at": then.polled_at,
            "to_response": then.response,
            "to_chain": then.chain,
            **({"seen_plan": seen.plan, "to_plan": then.plan} if replanned else {}),
        },
    ).rowcount
    if not won:
        return False
    for table, new in {
        chunks: _chunk(seen, seen.next_seq, lines),
        items: _index(seen, item_ids),
        **(more or {}),
    }.items():
        add_rows(connection, table, new)
    return True


def hide(connection: Connection, seen: ResponseRow, now: float) -> bool:
    """Delete a response for everyone who asks; its items stay until the sweep finds no descendant."""
    found = connection.execute(_HIDE, {"ns": seen.namespace, "rid": seen.id, "seen_status": seen.status, "now": now})
    return bool(found.rowcount)


def unfinished(connection: Connection, namespace: str) -> list[ResponseRow]:
    """The background responses of a namespace that have not ended."""
    query = select(*COLUMNS).where(
        responses.c.namespace == namespace, responses.c.status.in_(("queued", "in_progress"))
    )
    return [ResponseRow(*row) for row in connection.execute(query)]


def log_after(connection: Connection, namespace: str, response_id: str, after: int) -> list[Chunk]:
    """The chunks that hold events after number `after`, in order."""
    rows = fetch(connection, _CHUNKS, {"ns": namespace, "rid": response_id, "after": after})
    return [Chunk(*row) for row in rows]


def ancestry(connection: Connection, namespace: str, response_id: str) -> list[ResponseRow]:
    """A response and all before it in its chain, oldest first, deleted ones too."""
    ids = chain_ids(namespace, response_id)
    mine = and_(responses.c.namespace == namespace, responses.c.id == ids.c.id)
    query = select(*COLUMNS).join_from(responses, ids, mine).order_by(ids.c.back.desc())
    return [ResponseRow(*row) for row in connection.execute(query)]


def in_chain(connection: Connection, namespace: str, response_id: str, among: Collection[str]) -> set[str]:
    """Which of these responses are in the chain of `response_id`; reads ids only."""
    ids = chain_ids(namespace, response_id)
    return set(connection.scalars(select(ids.c.id).where(ids.c.id.in_(among))))


def chain_ids(namespace: str, response_id: str) -> CTE:
    """The ids of a chain; `back` counts the turns from its last one."""
    chain = (
        select(responses.c.id, responses.c.previous_id, literal(0).label("back"))
        .where(responses.c.namespace == namespace, responses.c.id == response_id)
        .cte("chain", recursive=True)
    )
    older = select(_OLDER.c.id, _OLDER.c.previous_id, chain.c.back + 1)
    return chain.union_all(older.where(_OLDER.c.namespace == namespace, _OLDER.c.id == chain.c.previous_id))


def holders(connection: Connection, namespace: str, item_ids: Sequence[str]) -> dict[str, list[str]]:
    """Which responses hold each of these items; an item that nobody holds is left out."""
    found: dict[str, list[str]] = {}
    for part in in_parts(item_ids):
        query = select(items.c.id, items.c.response_id).where(items.c.namespace == namespace, items.c.id.in_(part))
        for item_id, response_id in connection.execute(query):
            found.setdefault(item_id, []).append(response_id)
    return found


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` responses that nobody can ask for and whose items no descendant needs; how many went."""
    child = responses.alias("child")
    needed = exists().where(child.c.namespace == responses.c.namespace, child.c.previous_id == responses.c.id)
    gone = (
        select(responses.c.namespace, responses.c.id, responses.c.input, responses.c.response)
        .where(responses.c.namespace == namespace, responses.c.expires_at <= now - GRACE, ~needed)
        .limit(most)
    )
    found = connection.execute(gone).all()
    if found:
        held = [
            {"ns": row.namespace, "item": item_id, "rid": row.id}
            for row in found
            for item_id in _item_ids(row.input, row.response)
        ]
        if held:
            connection.execute(_REMOVE_ITEM, held)
        keys = [(row.namespace, row.id) for row in found]
        turns = (conversation_turns, conversation_turns.c.response_id)
        for table, column in ((chunks, chunks.c.response_id), turns, (responses, responses.c.id)):
            connection.execute(delete(table).where(tuple_(table.c.namespace, column).in_(keys)))
    return len(found)


def _index(row: ResponseRow, item_ids: Iterable[str]) -> list[tuple[str, str, str]]:
    return [(row.namespace, item_id, row.id) for item_id in item_ids]


def _item_ids(given: bytes, response: bytes) -> set[str]:
    """The items that a response may be in the index for: its input and its output."""
    return {item["id"] for item in (*orjson.loads(given), *orjson.loads(response).get("output", ()))}


def _chunk(row: ResponseRow, first: int, lines: Sequence[bytes]) -> list[tuple[Any, ...]]:
    if not lines:
        return []
    return [(row.namespace, row.id, first, first + len(lines) - 1, b"\n".join(lines) + b"\n")]
