"""What webhooks are told: made with the end of a response, sent, and again where that failed; no run ever waits for it.

A delivery is saved in the one write that ends the response: so it is made once, whichever server writes it, and no
crash loses it. It is claimed with a lease for each attempt, so of several servers one makes it, and another takes it up
where that one died. It is due by the namespace's clock; leases go by the machine's. A namespace has one task for this
while something is pending.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from functools import partial

import orjson

from emulator.core.clock import first_of, machine_time, real_seconds
from emulator.core.egress import read_egress
from emulator.core.webhooks import MOST_ATTEMPTS, OWN_WEBHOOK, body_of, delivery_id, event_id, headers_of, pause_after
from emulator.run.namespace import Namespace
from emulator.run.timeline import NEVER
from emulator.store import webhooks as rows
from emulator.store.engine import Rows, StoreBusy
from emulator.store.responses import ResponseRow
from emulator.store.webhooks import DELIVERED, FAILED, PENDING, DeliveryRow, Outlook, WebhookRow

_log = logging.getLogger("emulator")

BELL = "webhooks"  # what the bell rings for here; elsewhere it is the id of a response
LONGEST = 10.0  # seconds of the machine that an attempt may take
LEASE = 30.0  # seconds of the machine after which an attempt that nobody recorded counts as lost
AT_ONCE = 16  # attempts of one namespace


def new_deliveries(namespace: Namespace, ended: ResponseRow) -> Rows:
    """What is to be delivered now that a background response has ended, to be saved with its end."""
    event = f"response.{ended.status}"
    now = namespace.clock.now()
    completed_at = orjson.loads(ended.response).get("completed_at")
    body = body_of(ended.id, event, int(now if completed_at is None else completed_at))
    return rows.new_rows(
        DeliveryRow(
            namespace=namespace.name,
            id=delivery_id(event_id(ended.id, event), webhook.id),
            webhook_id=webhook.id,
            response_id=ended.id,
            event=event,
            body=body,
            created_at=now,
            status=PENDING,
            attempts=0,
            due_at=now,
            leased_until=0.0,
        )
        for webhook in namespace.webhooks
        if event in webhook.events.split(",")
    )


def wake(namespace: Namespace) -> None:
    """Look at once what is to be delivered; call it when something new is saved, and now and then."""
    if namespace.bell.heard(BELL):
        namespace.bell.ring(BELL)
    else:
        namespace.begin(_deliver(namespace))


async def _deliver(namespace: Namespace) -> None:
    """Make every attempt that falls due, until nothing is pending or the server stops."""
    if namespace.bell.heard(BELL):  # another was begun at the same moment
        return
    under_way: set[str] = set()
    with namespace.bell.listening(BELL) as rung:
        while not namespace.stopping.is_set():
            rung.clear()
            for delivery in await _claim(namespace, AT_ONCE - len(under_way)):
                under_way.add(delivery.id)
                namespace.begin(_attempt(namespace, delivery, under_way))
            ahead = await namespace.store.read(
                partial(rows.outlook, namespace=namespace.name, machine_now=machine_time())
            )
            if ahead == Outlook(None, None):
                return
            full = len(under_way) >= AT_ONCE
            await _pause(namespace, rung, Outlook(None, None) if full else ahead)


async def _claim(namespace: Namespace, room: int) -> list[DeliveryRow]:
    """What is due and nobody holds, at most so many, now held by this server."""
    now, machine_now = namespace.clock.now(), machine_time()
    ahead = await namespace.store.read(partial(rows.outlook, namespace=namespace.name, machine_now=machine_now))
    if not room or ahead.due_at is None or ahead.due_at > now:
        return []
    claim = partial(rows.claim, namespace=namespace.name, now=now, machine_now=machine_now, most=room)
    with suppress(StoreBusy):  # then later
        return await namespace.store.write(partial(claim, until=machine_now + LEASE))
    return []


async def _pause(namespace: Namespace, rung: asyncio.Event, ahead: Outlook) -> None:
    """Sleep until something may be due: by the clock, at the end of a lease, when the bell rings, or at the stop."""
    due = NEVER if ahead.due_at is None else ahead.due_at
    waits = [namespace.clock.sleep_until(due), namespace.stopping.wait(), rung.wait()]
    if ahead.leased_until is not None:
        waits.append(real_seconds(max(0.0, ahead.leased_until - machine_time())))
    await first_of(*waits)


async def _attempt(namespace: Namespace, delivery: DeliveryRow, under_way: set[str]) -> None:
    """Make one attempt and record it; whatever breaks it, the lease ends and it counts as made."""
    try:
        then = await _sent(namespace, delivery)
        with suppress(StoreBusy):  # then it is sent again, as after a crash
            await namespace.store.write(partial(rows.record, seen=delivery, then=then))
    finally:
        under_way.discard(delivery.id)
        namespace.bell.ring(BELL)


async def _sent(namespace: Namespace, delivery: DeliveryRow) -> DeliveryRow:
    """The delivery as it is after this attempt."""
    from emulator.outbound.post import NotSent, post

    webhook = await _webhook(namespace, delivery.webhook_id)
    if webhook is None:
        return replace(delivery, status=FAILED, error="The webhook is not registered any more.")
    if delivery.attempts > MOST_ATTEMPTS:
        return replace(delivery, status=FAILED, error="The server died during the last attempt.")
    headers = headers_of(delivery.id, delivery.body, webhook.secret, int(machine_time()))
    rule = read_egress(namespace.settings.egress)
    try:
        answered = await post(rule, webhook.url, headers, delivery.body, longest=LONGEST)
    except NotSent as error:
        return _again(namespace, replace(delivery, answered=None, error=str(error)))
    if 200 <= answered < 300:
        return replace(delivery, status=DELIVERED, answered=answered, error=None)
    return _again(namespace, replace(delivery, answered=answered, error=f"The answer was {answered}."))


async def _webhook(namespace: Namespace, webhook_id: str) -> WebhookRow | None:
    """A webhook as it is now, which another server may have changed since this one looked; None where it is gone."""
    own = [webhook for webhook in namespace.webhooks if webhook.id == OWN_WEBHOOK]
    registered = await namespace.store.read(partial(rows.registered, namespace=namespace.name))
    return next((webhook for webhook in (*own, *registered) if webhook.id == webhook_id), None)


def _again(namespace: Namespace, failed: DeliveryRow) -> DeliveryRow:
    """A delivery that failed, due again after a pause or given up."""
    pause = pause_after(failed.attempts)
    if pause is None:
        _log.warning("webhook %s: given up on %s after %d attempts", failed.webhook_id, failed.id, failed.attempts)
        return replace(failed, status=FAILED)
    return replace(failed, due_at=namespace.clock.now() + pause)
