"""Searches in the files of vector stores, for the API and for the tool of a run; the score is not made here."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from emulator.core.attribute_filters import Comparison, Compound, lets_through, read_filter
from emulator.core.errors import ApiError
from emulator.core.records import dataclass
from emulator.core.search import best_scores
from emulator.core.validation import check_id
from emulator.run import vector_stores
from emulator.run.namespace import Namespace
from emulator.store import vector_stores as rows
from emulator.store.vector_stores import StoreRow

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: the `queries`, what the attributes must be, how many results, and their least score."""

    queries: Sequence[str]
    filters: Comparison | Compound | None
    most: int
    threshold: float = 0.0


async def search(namespace: Namespace, stores: Sequence[StoreRow], asked: Asked) -> list[Object]:
    """The chunks that fit best, best first, as results of the wire; equals in the order of their files.

    A chunk without any word of the queries is none. The search is a use of the vector stores.
    """
    now = namespace.clock.now()
    found: list[Object] = []
    for store in stores:
        await vector_stores.touch(namespace, store)
        work = partial(rows.searched, namespace=namespace.name, store_id=store.id, now=now)
        for file in await namespace.store.read(work):
            attributes = orjson.loads(file.attributes)
            if not lets_through(asked.filters, attributes):
                continue
            about = {"attributes": attributes, "file_id": file.id, "filename": file.filename}
            chunks = await namespace.store.read(partial(rows.chunks, row=file))
            found += [{**about, "score": 0.0, "text": chunk.text} for chunk in chunks]
    texts = [result["text"] for result in found]
    scored = await asyncio.to_thread(best_scores, asked.queries, texts)
    ranked = sorted(zip(scored, found, strict=True), key=lambda row: -row[0])
    fitting = [{**result, "score": score} for score, result in ranked if score > 0 and score >= asked.threshold]
    return fitting[: asked.most]


class RunSearch:
    """The searches of one run, in the vector stores that its request offers."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    async def check(self, store_ids: Sequence[str], param: str) -> None:
        """Refuse vector stores that are not there or have expired."""
        for number, store_id in enumerate(store_ids):
            check_id(store_id, "vs_", f"{param}[{number}]")
        for store_id in store_ids:
            await self._find(store_id, param)

    async def search(self, tool: Mapping[str, Any], queries: Sequence[str]) -> list[Object]:
        """What a tool, as a response echoes it, finds for the queries."""
        stores = [await self._find(store_id, "tools") for store_id in dict.fromkeys(tool["vector_store_ids"])]
        threshold = (tool["ranking_options"] or {}).get("score_threshold") or 0.0
        asked = Asked(queries, read_filter(tool["filters"]), tool["max_num_results"], threshold)
        return await search(self._namespace, stores, asked)

    async def _find(self, store_id: str, param: str) -> StoreRow:
        def unknown(_: str) -> ApiError:
            return ApiError("searched_store_not_found", param, id=store_id)

        return await vector_stores.find_living(self._namespace, store_id, param, unknown)
