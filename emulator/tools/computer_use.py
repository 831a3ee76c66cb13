"""The computer use tool: who may offer it, and its item with one action; it drives no computer.

`fields`: `action` as on the wire, and `pending_safety_checks`, each with `code`, `message` and perhaps an `id`.
"""

from emulator.core import emit
from emulator.core.deployments import BY_NAME
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Object, Tool, ToolContext


class ComputerUse(Tool):
    """Emits `computer_call` items."""

    def check(self, tool: Object, param: str, context: ToolContext) -> None:
        """Refuse a deployment that is known not to have it, and a request that does not truncate."""
        deployment = context.deployment
        if deployment.name in BY_NAME and tool["type"] not in deployment.tools:
            raise ApiError("unsupported_tool", "tools", tool=tool["type"], model=deployment.model)
        if context.request.truncation != "auto":
            raise ApiError("computer_truncation", "truncation")

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one `computer_call` item, which the client answers with a screenshot."""
        checks = step.fields.get("pending_safety_checks", ())
        done = {
            "id": ids.item("cu_"),
            "type": "computer_call",
            "status": status,
            "call_id": ids.call(),
            "action": step.fields["action"],
            "pending_safety_checks": [{"id": ids.item("cu_sc_"), **check} for check in checks],
        }
        return emit.item(done, index)


TOOL = ComputerUse()
