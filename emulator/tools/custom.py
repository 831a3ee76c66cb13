"""The custom tool: a call with free text and its deltas; it never runs anything."""

from typing import Any

from emulator.core import emit
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Tool


class Custom(Tool):
    """Emits `custom_tool_call` items."""

    def emit(self, step: Any, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one `custom_tool_call` item."""
        item = {
            "id": ids.item("ctc_"),
            "type": "custom_tool_call",
            "status": status,
            "call_id": step.call_id or ids.call(),
            "input": step.input,
            "name": step.name,
        }
        if step.namespace:
            item["namespace"] = step.namespace
        return emit.call(item, index, "input", "response.custom_tool_call_input", chunks(step.input))


TOOL = Custom()
