"""The endpoints of a namespace's webhooks, and of what was delivered; they decide nothing, and show a secret once."""

from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of, read_control
from emulator.core.errors import ApiError
from emulator.core.webhooks import EVENTS, OWN_WEBHOOK
from emulator.run import webhooks
from emulator.run.namespaces import Namespaces
from emulator.store import webhooks as rows
from emulator.store.webhooks import PENDING, DeliveryRow, WebhookRow

MOST, SHOWN = 1_000, 100
QUERY = frozenset({"limit", "response_id"})


async def list_webhooks(request: Request) -> Response:
    """GET /_emulator/webhooks: the server's own first, then those that were registered; no secrets."""
    return answer({"data": [_shown(row) for row in call_of(request).namespace.webhooks]})


async def add(request: Request) -> Response:
    """POST /_emulator/webhooks {"url", "events"}: all events where they are left out; answers the secret, this once."""
    body = await read_control(request, "url", "events")
    url, events = body.get("url"), body.get("events", list(EVENTS))
    if not isinstance(url, str):
        raise ApiError("bad_control", reason="'url' is the URL that is told, as a text")
    if not (isinstance(events, list) and events and all(event in EVENTS for event in events)):
        raise ApiError("bad_control", reason=f"'events' is a list of {', '.join(EVENTS)}")
    row = await webhooks.add(_namespaces(request), call_of(request).namespace, url, events)
    return answer({**_shown(row), "secret": row.secret})


async def drop_all(request: Request) -> Response:
    """DELETE /_emulator/webhooks: all that were registered in this namespace."""
    return answer({"deleted": await webhooks.remove(_namespaces(request), call_of(request).namespace)})


async def drop(request: Request) -> Response:
    """DELETE /_emulator/webhooks/{id}: with what is still to be delivered to it."""
    webhook_id = request.path_params["id"]
    if webhook_id == OWN_WEBHOOK:
        raise ApiError("bad_control", reason=f"{webhook_id} is the server's own: it goes with --webhook")
    if not await webhooks.remove(_namespaces(request), call_of(request).namespace, webhook_id):
        raise ApiError("control_not_found", what="webhook", id=webhook_id)
    return answer({"id": webhook_id, "deleted": True})


async def deliveries(request: Request) -> Response:
    """GET /_emulator/webhooks/deliveries: the last ones, newest first, of one `response_id` if asked."""
    query = request.query_params
    for name in query:
        if name not in QUERY:
            raise ApiError("bad_control", reason=f"there is no filter '{name}' here, only {', '.join(sorted(QUERY))}")
    limit = query.get("limit", str(SHOWN))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST):
        raise ApiError("bad_control", reason=f"'limit' is a number from 1 to {MOST}")
    namespace = call_of(request).namespace
    newest = partial(rows.newest, namespace=namespace.name, most=int(limit), response_id=query.get("response_id"))
    return answer({"data": [_shown_delivery(row) for row in await namespace.store.read(newest)]})


def _shown(row: WebhookRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events.split(","),
        "source": "setting" if row.id == OWN_WEBHOOK else "http",
        "created_at": row.created_at,
    }


def _shown_delivery(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "webhook_id": row.webhook_id,
        "event": orjson.loads(row.body),
        "status": row.status,
        "attempts": row.attempts,
        "next_attempt_at": row.due_at if row.status == PENDING else None,
        "answered": row.answered,
        "error": row.error,
        "created_at": row.created_at,
    }


def _namespaces(request: Request) -> Namespaces:
    found: Namespaces = request.app.state.namespaces
    return found
