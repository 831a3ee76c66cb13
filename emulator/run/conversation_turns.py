"""What the end of a run leaves in the conversation that it went on with; it is a part of the write that ends the run.

A run that completed, or was cut off, leaves its input and its output. One that failed or was cancelled leaves nothing:
the conversation is as if it had never been asked.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson

from emulator.core.states import ENDED
from emulator.store import conversations as rows
from emulator.store.conversations import Leave
from emulator.store.responses import ResponseRow

KEPT = ("completed", "incomplete")
_MARK = b'"conversation":{"id":'


def conversation_of(row: ResponseRow) -> str | None:
    """The id of the conversation that a response went on with."""
    if _MARK not in row.response:
        return None
    asked: dict[str, str] = orjson.loads(row.response).get("conversation") or {}
    return asked.get("id")


def leave_conversation(row: ResponseRow) -> Leave | None:
    """How to leave the conversation of a response that has ended; None where it has not, or went on with none."""
    if row.status not in ENDED or (conversation_id := conversation_of(row)) is None:
        return None
    if row.status not in KEPT:
        return partial(rows.release, namespace=row.namespace, conversation_id=conversation_id, by=row.id)
    items = saved_items(own_items(row))
    return partial(rows.finish, key=(row.namespace, conversation_id), by=row.id, chain=row.chain, items=items)


def saved_items(items: Iterable[dict[str, Any]]) -> list[rows.Item]:
    """Items as a conversation keeps them."""
    return [(str(item["id"]), orjson.dumps(item)) for item in items]


def own_items(row: ResponseRow) -> list[dict[str, Any]]:
    """The items of one turn, its input then its output."""
    return [*orjson.loads(row.input), *orjson.loads(row.response)["output"]]
