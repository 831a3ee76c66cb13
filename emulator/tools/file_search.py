"""The file search tool: its item with queries and results, searched before the run; it ranks nothing itself.

`fields`: `queries`; `results` as the wire has them, which a script may give in part; `status` where the call did not
complete. A call without results is really searched for where the request offers the tool. `answers` marks a call of
the built-in model, which then says what was found.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.core import emit
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds, digest
from emulator.tools.base import Chunks, Tool, ToolContext

EVENT = "response.file_search_call"


class FileSearch(Tool):
    """Emits `file_search_call` items."""

    def check(self, tool: dict[str, Any], param: str, context: ToolContext) -> None:
        """There must be a vector store to search."""
        if not tool["vector_store_ids"]:
            raise ApiError("array_below_min_length", f"{param}.vector_store_ids", limit=1, got=0)

    async def admit(self, tool: dict[str, Any], param: str, context: ToolContext) -> None:
        """Every vector store must be there and not expired."""
        await context.vector_stores.check(tool["vector_store_ids"], f"{param}.vector_store_ids")

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[Any, ...]:
        """The call with its results, and what the built-in model says of them."""
        fields = dict(step.fields)
        answers = fields.pop("answers", False)
        offered = context.offered("file_search")
        if "results" in fields:
            fields["results"] = [_whole(result) for result in fields["results"]]
        elif offered and fields.get("status", "completed") == "completed":
            fields["results"] = await context.vector_stores.search(offered[0], fields["queries"])
        else:
            fields["results"] = []
        call = replace(step, fields=fields)
        return (call, *context.goes_on(call)) if answers else (call,)

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The queries and the results come with the end; a call that failed has no `completed` event."""
        fields = step.fields
        begun: dict[str, Any] = {
            "id": ids.item("fs_"),
            "type": "file_search_call",
            "status": "in_progress",
            "queries": [],
            "results": None,
        }
        at = {"item_id": begun["id"], "output_index": index}
        yield "response.output_item.added", {"output_index": index, "item": begun}
        yield f"{EVENT}.in_progress", at
        yield f"{EVENT}.searching", at
        ended = step.ends(status)
        if ended == "completed":
            yield f"{EVENT}.completed", at
        done = {**begun, "status": ended, "queries": fields["queries"], "results": fields.get("results", [])}
        yield "response.output_item.done", {"output_index": index, "item": done}


def _whole(result: Mapping[str, Any]) -> dict[str, Any]:
    """A scripted result with what it left out; the same name is the same file."""
    name = result["filename"]
    return {"attributes": {}, "file_id": f"file-{digest(name)}", "score": 1.0, "text": "", **result}


TOOL = FileSearch()
