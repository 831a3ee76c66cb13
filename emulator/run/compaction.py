"""Compaction: a context becomes one opaque item, which stands for all of it when it comes back; it stores nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from emulator.core.chain import ChainState, answers
from emulator.core.errors import ApiError
from emulator.core.ids import ItemIds
from emulator.core.item_types import ITEM_TYPES
from emulator.core.records import dataclass
from emulator.core.requests import ANY_THRESHOLD
from emulator.core.seal import OTHER_ITEM, SealError, refused, seal, unseal
from emulator.core.usage import count_items
from emulator.run.namespace import Namespace
from emulator.run.timeline import done_items, usage_object
from emulator.script.ask import Ask
from emulator.script.plan import Compaction, Plan, Usage, holds

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last compaction among a request's items stands for, and the items after it."""

    state: ChainState
    after: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run is when it is planned: what was asked, and the `chain` with its input."""

    ask: Ask
    chain: ChainState
    response_id: str
    now: float

    def placed(self, state: ChainState, said: Sequence[Item] = ()) -> ChainState:
        """The state of a compaction after which the next answer has the right number; the model has `said` so much."""
        return replace(state, depth=self.ask.before.depth + answers(self.ask.items) + min(answers(said), 1))


def open_compaction(
    namespace: Namespace, items: tuple[Item, ...], sent: Sequence[Item]
) -> tuple[tuple[Item, ...], Standing | None]:
    """The items, each compaction under the id that was sealed, and what the last of them stands for.

    `sent` are the same items as they came: of those without an id none is held against the seal. Raises
    `invalid_encrypted_content` for a compaction that this namespace did not seal, or that came under another id, and
    `duplicate_item` for one that comes twice.
    """
    places = [at for at, item in enumerate(items) if item["type"] == "compaction"]
    if not places:
        return items, None
    whole, seen, state = list[Item](), set[str](), None
    for item, came in zip(items, sent, strict=True):
        if item["type"] == "compaction":
            given = item["id"] if came.get("id") else None
            item_id, state = _opened(namespace, item["encrypted_content"], given)
            if item_id in seen:
                raise ApiError("duplicate_item", "input", id=item_id)
            item = {**item, "id": item_id}  # noqa: PLW2901 (the same one, under its id)
        seen.add(item["id"])
        whole.append(item)
    return tuple(whole), Standing(state, tuple(whole[places[-1] + 1 :])) if state else None


def _opened(namespace: Namespace, content: str, given: str | None) -> tuple[str, ChainState]:
    try:
        told = orjson.loads(unseal(namespace.seal_keys, content, namespace.clock.now()))
        item_id, state = str(told["id"]), ChainState.from_json(orjson.dumps(told["state"]))
    except (SealError, KeyError, TypeError):  # also the seal of something else, or of another version's state
        raise refused(content) from None
    if given not in (None, item_id):
        raise refused(content, OTHER_ITEM, given)
    return item_id, state


def _sealed(namespace: Namespace, item_id: str, state: ChainState, now: float) -> str:
    """The content of a compaction; MCP servers are listed again after it, as after any history that was sent back."""
    told = {"id": item_id, "state": replace(state, mcp_servers={})}
    return seal(namespace.seal_keys[0], orjson.dumps(told), now)


def with_compaction(plan: Plan, ask: Ask, tokens: int, *, first: bool) -> Plan:
    """The plan with a compaction where its context passes the request's threshold; else as it is.

    `tokens` are those of the context before the answer. It comes `first`, or last after an answer that is complete:
    then the answer counts too. A script that compacts by itself is left alone.
    """
    if holds(plan.steps, Compaction):
        return plan
    threshold = ask.request.compact_threshold
    if threshold is None or threshold == ANY_THRESHOLD:
        threshold = ask.deployment.context_window * 9 // 10
    if first:
        return replace(plan, steps=(Compaction(), *plan.steps)) if tokens > threshold else plan
    if plan.open_work or plan.ending.status != "completed" or tokens + plan.usage.output <= threshold:
        return plan
    return replace(plan, steps=(*plan.steps, Compaction()))


def seal_compactions(namespace: Namespace, plan: Plan, moment: Moment) -> Plan:
    """The plan with what each of its compactions stands for, whose tokens are billed as output."""
    counter, state = moment.ask.counter, moment.chain
    since, said, sealed = list[Item](), list[Item](), list[Compaction]()
    for step, item in done_items(plan, moment.response_id):
        if isinstance(step, Compaction):
            state, since = state.compacted(since, counter), []
            content = _sealed(namespace, item["id"], moment.placed(state, said), moment.now)
            sealed.append(replace(step, encrypted=content, tokens=state.tokens))
        else:
            since.append(item)
            said.append(item)
    compactions = iter(sealed)
    steps = tuple(next(compactions) if isinstance(step, Compaction) else step for step in plan.steps)
    output = plan.usage.output + sum(step.tokens for step in sealed)
    return replace(plan, steps=steps, usage=replace(plan.usage, output=output))


def compacted_window(namespace: Namespace, context: Sequence[Item], moment: Moment, *, tokens: int) -> dict[str, Any]:
    """The answer of `POST /responses/compact`: the user's messages of a context as they are, and one item for the rest.

    `tokens` are those of the whole context.
    """
    messages = [item for item in context if item["type"] == "message" and item["role"] == "user"]
    kept = count_items(messages, moment.ask.counter)
    state = moment.chain.compacted((), moment.ask.counter, kept=kept)
    item_id = ItemIds(moment.response_id).item(ITEM_TYPES["compaction"].prefix)
    content = _sealed(namespace, item_id, moment.placed(state), moment.now)
    return {
        "id": moment.response_id,
        "object": "response.compaction",
        "created_at": int(moment.now),
        "output": [*messages, {"id": item_id, "type": "compaction", "encrypted_content": content}],
        "usage": usage_object(Usage(input=tokens, output=state.tokens - kept)),
    }
