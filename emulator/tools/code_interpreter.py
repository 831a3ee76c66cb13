"""The code interpreter: its item with code, container and outputs, and the files that it makes; it runs no code itself.

`fields`: `code`; `outputs` as the wire has them; `files`, name to base64, which become files of the container with the
ids in `file_ids`; `container_id`; `status` where the call did not complete. A call that only has `code`, or one that
is `pretended` by the built-in model, is really run where there is a sandbox.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.core import emit
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Tool, ToolContext

EVENT = "response.code_interpreter_call"
AUTO = {"type": "auto"}


class CodeInterpreter(Tool):
    """Emits `code_interpreter_call` items."""

    async def admit(self, tool: dict[str, Any], param: str, context: ToolContext) -> None:
        """The container, or the files for a new one, must be there."""
        await context.containers.check(tool["container"], f"{param}.container", context.warnings.append)

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[HostedCall, ...]:
        """The call with its container, and ids for its files; in a sandbox it is work."""
        offered = context.offered("code_interpreter")
        container_id = await context.containers.open(offered[0]["container"] if offered else AUTO)
        fields = {**step.fields, "container_id": container_id}
        pretended = fields.pop("pretended", False)
        scripted = not pretended and fields.keys() & {"outputs", "files", "status"}
        if context.containers.runs_code and not scripted:
            return (replace(step, fields={"code": fields["code"], "container_id": container_id}, work={}),)
        return (replace(step, fields=_with_ids(fields, context)),)

    async def work(self, step: HostedCall, context: ToolContext) -> HostedCall:
        """Really run the code."""
        ran = await context.containers.run(step.fields["container_id"], step.fields["code"])
        files = {name: b64encode(data).decode() for name, data in ran.files.items()}
        fields = {**step.fields, "outputs": list(ran.outputs), "files": files, "status": ran.status}
        return replace(step, work=None, fields=_with_ids(fields, context))

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The code as it is written, then its run; a call that failed has no `completed` event."""
        fields = step.fields
        item = {
            "id": ids.item("ci_"),
            "type": "code_interpreter_call",
            "status": "in_progress",
            "code": "",
            "container_id": fields["container_id"],
            "outputs": [],
        }
        at = {"item_id": item["id"], "output_index": index}
        yield "response.output_item.added", {"output_index": index, "item": item}
        yield f"{EVENT}.in_progress", at
        yield f"{EVENT}_code.delta", emit.Deltas(at, chunks(fields["code"]), {})
        yield f"{EVENT}_code.done", {**at, "code": fields["code"]}
        yield f"{EVENT}.interpreting", at
        yield emit.WORK
        ended = step.ends(status)
        if ended == "completed":
            yield f"{EVENT}.completed", at
        done = {**item, "status": ended, "code": fields["code"], "outputs": fields.get("outputs", [])}
        yield "response.output_item.done", {"output_index": index, "item": done}


def _with_ids(fields: Mapping[str, Any], context: ToolContext) -> dict[str, Any]:
    """The fields with an id for each file."""
    files = fields.get("files") or {}
    if not files:
        return {name: value for name, value in fields.items() if name != "files"}
    return {**fields, "file_ids": {name: context.ids.container_file(context.now) for name in files}}


TOOL = CodeInterpreter()
