"""What the model still sees of a context that is longer than its window; what is stored stays whole."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from emulator.core.chain import CALLS, OUTPUTS
from emulator.core.document import Document
from emulator.core.errors import ApiError
from emulator.core.records import dataclass
from emulator.core.usage import Counter, count_items
from emulator.run.attachments import Attached, attached
from emulator.run.context import Item, Turn, earlier_items
from emulator.run.namespace import Namespace


class Seen(NamedTuple):
    """What a model sees of a request: of its own `items` the last ones, their files, and the tokens of all it reads."""

    items: tuple[Item, ...]
    documents: tuple[Document, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One item of the context with its tokens and its files."""

    item: Item
    tokens: int
    documents: tuple[Document, ...] = ()


async def truncate(namespace: Namespace, turn: Turn, found: Attached, counter: Counter, room: int) -> Seen:
    """Drop the oldest items until the others fit into `room` tokens: those of the chain first, then the request's own.

    `found` is what came with the request's own items. An output whose call is dropped goes too. Raises
    `context_length_exceeded` where not even the last item fits.
    """
    own = list(_weigh(turn, found, counter))
    kept = _last(own, room)
    if len(kept) == len(own):  # there may be room for what was before
        earlier = [_Weighed(item, count_items([item], counter)) for item in await earlier_items(namespace, turn.start)]
        kept = _last([*earlier, *own], room)
    if not kept:
        raise ApiError("context_length_exceeded", "input")
    kept = _without_orphans(kept)
    there = set(map(id, kept))
    mine = [one for one in own if id(one) in there]
    return Seen(
        items=tuple([one.item for one in mine]),
        documents=tuple([document for one in mine for document in one.documents]),
        tokens=sum(one.tokens for one in kept),
    )


def _weigh(turn: Turn, found: Attached, counter: Counter) -> Iterator[_Weighed]:
    """The request's own items; reasoning counts after the last user message only, as in a whole context."""
    costs, documents = iter(found.costs), iter(found.documents)
    users = [at for at, item in enumerate(turn.items) if item["type"] == "message" and item.get("role") == "user"]
    last_user = users[-1] if users else -1
    for at, item in enumerate(turn.items):
        parts = [part for _, part in attached([item])]
        tokens = count_items([item], counter) + sum(next(costs) for _ in parts)
        if item["type"] == "reasoning" and at > last_user:
            tokens += turn.thoughts.get(item["id"], 0)
        files = tuple([next(documents) for part in parts if part["type"] == "input_file"])
        yield _Weighed(item, tokens, files)


def _last(items: Sequence[_Weighed], room: int) -> Sequence[_Weighed]:
    """As many of the last items as fit."""
    for at in range(len(items) - 1, -1, -1):
        room -= items[at].tokens
        if room < 0:
            return items[at + 1 :]
    return items


def _without_orphans(items: Sequence[_Weighed]) -> Sequence[_Weighed]:
    """Without the outputs whose call is not among them; the last item stays whatever it is."""
    calls = {one.item["call_id"] for one in items if one.item["type"] in CALLS}
    return [
        one
        for at, one in enumerate(items)
        if one.item["type"] not in OUTPUTS or one.item["call_id"] in calls or at == len(items) - 1
    ]
