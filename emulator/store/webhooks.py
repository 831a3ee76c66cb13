"""The rows of webhooks and of what is delivered to them; nothing is sent here, and no rule of the wire is known.

Every function takes a connection and is run by `Store.read` or `Store.write`. A delivery is saved with the end of its
response. Whoever claims it has it until the lease ends, and only that attempt's result is recorded.
"""

from collections.abc import Iterable
from dataclasses import field, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, tuple_, update

from emulator.core.records import dataclass
from emulator.store import namespaces
from emulator.store.driver import fetch
from emulator.store.engine import Rows
from emulator.store.schema import webhook_deliveries as deliveries
from emulator.store.schema import webhooks

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
KEPT = 86_400.0  # seconds that a delivery is shown after it was made, until the sweep takes it


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """One webhook: where to send, which events (their names with commas), and what signs them."""

    namespace: str
    id: str
    url: str
    events: str
    secret: str = field(repr=False)
    created_at: float


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event for one webhook: see `store/schema.py`. Times are seconds."""

    namespace: str
    id: str
    webhook_id: str
    response_id: str
    event: str
    body: bytes
    created_at: float
    status: str
    attempts: int
    due_at: float
    leased_until: float
    answered: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is pending: when the next one that nobody holds is due, and when the first lease of the others ends."""

    due_at: float | None
    leased_until: float | None


_COLUMNS = tuple(webhooks.c)
_DELIVERY_COLUMNS = tuple(deliveries.c)
_values = attrgetter(*(column.name for column in _DELIVERY_COLUMNS))
_ALL = select(*_COLUMNS).where(webhooks.c.namespace == bindparam("ns")).order_by(webhooks.c.created_at, webhooks.c.id)
_PENDING = and_(deliveries.c.namespace == bindparam("ns"), deliveries.c.status == PENDING)
_FREE = and_(_PENDING, deliveries.c.leased_until <= bindparam("machine_now"))
_DUE = (
    select(*_DELIVERY_COLUMNS)
    .where(_FREE, deliveries.c.due_at <= bindparam("now"))
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(deliveries.c.due_at)).where(_FREE)
_LEASED = select(func.min(deliveries.c.leased_until)).where(
    _PENDING, deliveries.c.leased_until > bindparam("machine_now")
)
_ONE = and_(deliveries.c.namespace == bindparam("ns"), deliveries.c.id == bindparam("did"))
_LEASE = (
    update(deliveries)
    .where(_ONE, _FREE)
    .values(attempts=deliveries.c.attempts + 1, leased_until=bindparam("to_leased_until"))
)
_RECORD = (
    update(deliveries)
    .where(_ONE, deliveries.c.status == PENDING, deliveries.c.attempts == bindparam("seen_attempts"))
    .values(
        status=bindparam("to_status"),
        due_at=bindparam("to_due_at"),
        leased_until=0.0,
        answered=bindparam("to_answered"),
        error=bindparam("to_error"),
    )
)


def add(connection: Connection, row: WebhookRow) -> None:
    """Register a webhook and let every server see it."""
    connection.execute(insert(webhooks), {column.name: getattr(row, column.name) for column in _COLUMNS})
    namespaces.change(connection, row.namespace)


def remove(connection: Connection, namespace: str, webhook_id: str | None = None) -> int:
    """Forget one webhook, or all, with what is still to be delivered to them; how many went."""
    which = [webhooks.c.namespace == namespace]
    theirs = [deliveries.c.namespace == namespace, deliveries.c.status == PENDING]
    if webhook_id is not None:
        which.append(webhooks.c.id == webhook_id)
    theirs.append(deliveries.c.webhook_id.in_(select(webhooks.c.id).where(*which)))
    connection.execute(delete(deliveries).where(*theirs))
    gone = connection.execute(delete(webhooks).where(*which)).rowcount
    namespaces.change(connection, namespace)
    return gone


def registered(connection: Connection, namespace: str) -> list[WebhookRow]:
    """The webhooks of a namespace, the first at first."""
    return [WebhookRow(*row) for row in fetch(connection, _ALL, {"ns": namespace})]


def new_rows(rows: Iterable[DeliveryRow]) -> Rows:
    """The rows of new deliveries, to be inserted with what they tell of."""
    return {deliveries: [_values(row) for row in rows]}


def claim(
    connection: Connection, namespace: str, now: float, *, machine_now: float, until: float, most: int
) -> list[DeliveryRow]:
    """Take at most `most` deliveries that are due at `now`, each for one attempt, until that second of the machine."""
    asked: dict[str, Any] = {"ns": namespace, "now": now, "machine_now": machine_now}
    taken = []
    for values in connection.execute(_DUE, {**asked, "most": most}).all():
        row = DeliveryRow(*values)
        lease = {"ns": namespace, "did": row.id, "machine_now": machine_now, "to_leased_until": until}
        if connection.execute(_LEASE, lease).rowcount:
            taken.append(replace(row, attempts=row.attempts + 1, leased_until=until))
    return taken


def record(connection: Connection, seen: DeliveryRow, then: DeliveryRow) -> bool:
    """Note what became of the attempt `seen`, and give the delivery back; False where another was made since."""
    values = {
        "ns": seen.namespace,
        "did": seen.id,
        "seen_attempts": seen.attempts,
        "to_status": then.status,
        "to_due_at": then.due_at,
        "to_answered": then.answered,
        "to_error": then.error,
    }
    return bool(connection.execute(_RECORD, values).rowcount)


def outlook(connection: Connection, namespace: str, machine_now: float) -> Outlook:
    """What is pending in a namespace."""
    asked = {"ns": namespace, "machine_now": machine_now}
    return Outlook(connection.scalar(_NEXT, asked), connection.scalar(_LEASED, asked))


def newest(connection: Connection, namespace: str, most: int, response_id: str | None = None) -> list[DeliveryRow]:
    """The last deliveries that were made, the newest first, of one response if it is given."""
    query = select(*_DELIVERY_COLUMNS).where(deliveries.c.namespace == namespace)
    if response_id is not None:
        query = query.where(deliveries.c.response_id == response_id)
    query = query.order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(most)
    return [DeliveryRow(*row) for row in connection.execute(query)]


def sweep(connection: Connection, namespace: str, now: float, most: int) -> int:
    """Delete up to `most` deliveries that have ended and are old; how many went."""
    old = (
        select(deliveries.c.namespace, deliveries.c.id)
        .where(
            deliveries.c.namespace == namespace,
            deliveries.c.status != PENDING,
            deliveries.c.created_at <= now - KEPT,
        )
        .limit(most)
    )
    keys = [tuple(row) for row in connection.execute(old)]
    if keys:
        connection.execute(delete(deliveries).where(tuple_(deliveries.c.namespace, deliveries.c.id).in_(keys)))
    return len(keys)
