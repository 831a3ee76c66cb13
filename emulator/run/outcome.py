"""What a run comes to when nobody reads its events: the fold of its timeline, made without them; it sends nothing.

A plain answer has a dozen events that are numbered and folded for no reader. That this leads to the same Response as
the log does is a law: tests/unit/run/test_outcome.py.
"""

from collections import deque
from typing import Any, cast

from emulator.core import emit
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.run.timeline import NO_ITEM, closing_fields, item_events
from emulator.script.plan import Message, Plan, Step, Wait


def end_at_once(plan: Plan, response: dict[str, Any], started: float) -> float:
    """Change a Response that has no event yet into what the whole plan makes of it, its work done.

    Returns the seconds after `started` at which it ends: what the script waits, and what outside work took.
    """
    ids, output = ItemIds(response["id"]), response["output"]
    items = sum(not isinstance(step, NO_ITEM) for step in plan.steps)
    at = 0.0
    for step in plan.steps:
        if isinstance(step, Wait):
            at += step.seconds
        elif isinstance(step, HostedCall):
            at = max(at, step.done)
        if not isinstance(step, NO_ITEM):
            cut = plan.ending.status == "incomplete" and len(output) == items - 1
            output.append(_item(step, len(output), ids, plan, "incomplete" if cut else "completed"))
    response.update(closing_fields(plan, int(started + at)))
    return at


def _item(step: Step, index: int, ids: ItemIds, plan: Plan, status: str) -> dict[str, Any]:
    if isinstance(step, Message):  # nearly always
        return emit.message_item(ids.item("msg_"), emit.text_part(step.text, step.annotations), status)
    events = deque(item_events(step, index, ids, plan.pace, status), maxlen=1)
    done: Any = events.pop()[1]  # the last event of an item is its `output_item.done`
    return cast("dict[str, Any]", done["item"])
