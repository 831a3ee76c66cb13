"""Tools that the application runs: local shell, shell and apply patch; their calls are written here and never run.

`fields` of a `local_shell_call` and a `shell_call`: `action`; of an `apply_patch_call`: `operation`. A `shell_call`
with an `output` was run by the service in its container: the `shell_call_output` that tells so is an item after it.
With `piecewise` the events of a shell call tell its commands piece by piece, as newer services do.
"""

from dataclasses import replace
from typing import Any

from emulator.core import emit
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Tool, ToolContext


class Call(Tool):
    """Emits the call of one of these tools; the application answers it with an output."""

    def __init__(self, kind: str, prefix: str, field: str, *, cut: bool = True) -> None:
        """`cut`: the type has a status for a call that was cut short, which nobody is to run."""
        self._kind, self._prefix, self._field, self._cut = kind, prefix, field, cut

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """One item, with nothing between its beginning and its end."""
        return emit.item(self._item(step, ids, status), index)

    def _item(self, step: HostedCall, ids: ItemIds, status: str) -> dict[str, Any]:
        return {
            "id": ids.item(self._prefix),
            "type": self._kind,
            "status": step.ends(status) if self._cut else "completed",
            "call_id": step.fields.get("call_id") or ids.call(),
            self._field: step.fields[self._field],
        }


class Shell(Call):
    """Emits `shell_call` items, and the output of those that the service ran itself."""

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[HostedCall, ...]:
        """A call that the service ran has its output after it."""
        if "output" not in step.fields:
            return (step,)
        fields = {name: value for name, value in step.fields.items() if name != "output"}
        call_id = context.ids.call()
        told = {"call_id": call_id, "output": step.fields["output"], "piecewise": fields.get("piecewise", False)}
        return replace(step, fields={**fields, "call_id": call_id}), HostedCall("shell_call_output", told)

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """One item; with its commands told piece by piece where the script asks for that."""
        item = self._item(step, ids, status)
        if not step.fields.get("piecewise"):
            return emit.item(item, index)
        return _told(item, index, chunks)


def _told(item: dict[str, Any], index: int, chunks: Chunks) -> emit.Emissions:
    added, done = emit.item(item, index)
    yield added
    event = "response.shell_call_command"
    for number, command in enumerate(item["action"]["commands"]):
        at = {"output_index": index, "command_index": number}
        yield f"{event}.added", {**at, "command": ""}
        yield f"{event}.delta", emit.Deltas(at, chunks(command), {})
        yield f"{event}.done", {**at, "command": command}
    yield done


class ShellOutput(Tool):
    """Emits `shell_call_output` items: what commands that the service ran put out."""

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """One item; with its output told piece by piece where its call was."""
        output = step.fields["output"]
        item = {
            "id": ids.item("sho_"),
            "type": "shell_call_output",
            "status": "completed",
            "call_id": step.fields["call_id"],
            "output": output,
        }
        added, done = emit.item(item, index)
        yield added
        if step.fields.get("piecewise"):
            event = "response.shell_call_output_content"
            for number, told in enumerate(output):
                at = {"item_id": item["id"], "output_index": index, "command_index": number}
                yield f"{event}.delta", {**at, "delta": {"stdout": told["stdout"], "stderr": told["stderr"]}}
                yield f"{event}.done", {**at, "output": [told]}
        yield done


LOCAL_SHELL = Call("local_shell_call", "lsh_", "action")
SHELL = Shell("shell_call", "sh_", "action")
SHELL_OUTPUT = ShellOutput()
APPLY_PATCH = Call("apply_patch_call", "apc_", "operation", cut=False)
