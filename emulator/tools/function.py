"""The function tool: a call's item and its argument deltas; it never runs a function."""

from typing import Any

from emulator.core import emit
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Tool


class Function(Tool):
    """Emits `function_call` items."""

    def emit(self, step: Any, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one `function_call` item."""
        item = {
            "id": ids.item("fc_"),
            "type": "function_call",
            "status": status,
            "arguments": step.arguments,
            "call_id": step.call_id or ids.call(),
            "name": step.name,
        }
        if step.namespace:
            item["namespace"] = step.namespace
        event = "response.function_call_arguments"
        return emit.call(item, index, "arguments", event, chunks(step.arguments), name=step.name)


TOOL = Function()
