"""Moves a namespace by hand: its clock, and one background response; everything that falls due is settled first."""

from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from emulator.core import emit
from emulator.core.errors import ApiError
from emulator.core.log import EventLog
from emulator.core.states import ENDED
from emulator.run import deliveries
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.run.settle import Derivation, save_move, settle, settled
from emulator.store import responses as rows
from emulator.store.responses import ResponseRow

MODES = ("real", "offset", "frozen")


async def move_clock(
    namespaces: Namespaces, namespace: Namespace, *, mode: str | None, now: float | None, advance: float
) -> None:
    """Set a namespace's clock and settle all that falls due by it, in due order; returns when that is done."""
    clock = namespace.clock
    mode = mode or (clock.mode if clock.mode != "real" or (now is None and not advance) else "offset")
    at = (clock.now() if now is None else now) + advance
    if mode == "real":
        at = 0.0
    elif mode == "offset":
        at -= namespaces.clock.now()
    await namespaces.change(namespace, clock_mode=mode, clock_at=at)
    await settle_due(namespace)
    if namespace.webhooks:
        deliveries.wake(namespace)


async def settle_due(namespace: Namespace) -> None:
    """Settle every unfinished response, first whatever is due first."""
    unfinished = await namespace.store.read(partial(rows.unfinished, namespace=namespace.name))
    now = namespace.clock.now()
    for row in sorted(unfinished, key=lambda row: _last_due(row, now)):
        await settle(namespace, row.id)


def _last_due(row: ResponseRow, now: float) -> float:
    run = Derivation(row)
    due = row.created_at
    while run.due <= now:
        due = run.due
        run.advance(due)
    return due


async def step(namespace: Namespace, response_id: str, *, to_end: bool) -> ResponseRow:
    """Let a background response that waits for it take its next step, or all of them."""
    while True:
        row = await _unfinished(namespace, response_id)
        progress = Derivation(row).plan.progress
        if progress.polls is None and not progress.manual:
            raise ApiError("bad_control", reason=f"{response_id} moves by the clock: POST clock moves it")
        last = progress.polls or 2
        then = replace(row, polls=last if to_end else min(row.polls + 1, last), polled_at=namespace.clock.now())
        run = Derivation(then)
        lines = run.advance(namespace.clock.now())
        move = settled(namespace, then, run.log, lines)
        if await save_move(namespace, row, move):
            return move.row


async def fail(namespace: Namespace, response_id: str, error: dict[str, Any]) -> ResponseRow:
    """End a background response as `failed` with this error, wherever it is."""
    while True:
        row = await _unfinished(namespace, response_id)
        log = EventLog(orjson.loads(row.response), next_seq=row.next_seq)
        form = namespace.settings.error_event
        told = emit.error(form, error["code"], error["message"])
        lines = [log.append("error", **told)] if form in emit.ERROR_FORMS else []
        lines.append(log.append("response.failed", response={"status": "failed", "error": error}))
        move = settled(namespace, row, log, lines)
        if await save_move(namespace, row, move):
            return move.row


async def _unfinished(namespace: Namespace, response_id: str) -> ResponseRow:
    row = await settle(namespace, response_id)
    if row is None:
        raise ApiError("response_not_found", id=response_id)
    if row.status in ENDED:
        raise ApiError("bad_control", reason=f"{response_id} is {row.status}: it takes no more steps")
    return row
