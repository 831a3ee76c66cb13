"""Remote MCP servers: their lists of tools, calls and approval requests, scripted, pretended or asked of the server.

`fields`: `server_label`; of a list `tools`, of a call and of an approval request `name` and `arguments` (JSON text), of
a call `output` and `approval_request_id`; `error` where it failed. What is `pretended`, and a call without output, is
asked of the server where the egress rule allows it (docs/how-to/mcp.md). The server's headers go nowhere else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

from emulator.core import emit
from emulator.core.egress import read_egress, target_of
from emulator.core.emit import Deltas
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.core.mcp import Approval, Object, Tools, allowed, answered, listed, needs_approval, pretended
from emulator.tools.base import LOST, Chunks, Tool, ToolContext

LIST, CALL, REQUEST = "mcp_list_tools", "mcp_call", "mcp_approval_request"


class Mcp(Tool):
    """Emits `mcp_list_tools`, `mcp_call` and `mcp_approval_request` items."""

    def check(self, tool: Object, param: str, context: ToolContext) -> None:
        """One label names one server, and an URL is an URL."""
        same = [other for other in context.offered("mcp") if other["server_label"] == tool["server_label"]]
        if same[0] is not tool:
            reason = f"there is another server with the label '{tool['server_label']}'."
            raise ApiError("invalid", f"{param}.server_label", reason=reason)
        if tool["server_url"] is not None and target_of(tool["server_url"]) is None:
            raise ApiError("image_url_format", f"{param}.server_url")

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[HostedCall, ...]:
        """Before a call the list of the server's tools, and in its place a request for approval, where they are needed.

        A call that the client did not approve goes.
        """
        if step.type == LIST:
            return (_prepared_list(step, context),)
        if step.type == REQUEST:
            return (step,)
        approval = _approval(step, context)
        if approval is not None and not approval.approve:
            return ()
        before = () if _is_listed(step, context) else (_list_for(step, context),)
        if approval is None and _must_ask(step, context, before):
            asked = {name: step.fields[name] for name in ("server_label", "name", "arguments")}
            return *before, HostedCall(REQUEST, asked)
        fields = {**step.fields, "approval_request_id": approval.request_id if approval else None}
        call = replace(step, fields=fields)
        return *before, _worked_by_server(call) if _is_real(call, context) else call

    async def work(self, step: HostedCall, context: ToolContext) -> HostedCall:
        """List the server's tools, or call one; without a list the response is nothing."""
        label = step.fields["server_label"]
        offered = _offered(context, label) or {}
        try:
            mcp_calls = await asyncio.to_thread(_client)  # importing takes a second, in which others go on
        except ImportError:
            reason = "Real servers need the package mcp: pip install 'responses-emulator[mcp]'."
            raise ApiError("mcp_list_failed", "tools", label=label, reason=reason) from None
        server = mcp_calls.Server(
            offered["server_url"], dict(context.request.secrets.get(label, {})), read_egress(context.settings.egress)
        )
        if step.type == CALL:
            told = await mcp_calls.call_tool(server, step.fields, context.settings.mcp_timeout)
            return replace(step, fields={**step.fields, **told})
        try:
            tools = await mcp_calls.list_tools(server, context.settings.mcp_timeout)
        except mcp_calls.McpError as error:
            raise ApiError("mcp_list_failed", "tools", label=label, reason=error) from None
        return replace(step, fields={**step.fields, "tools": allowed(offered, tools)})

    def abandoned(self, step: HostedCall, reason: str = LOST) -> HostedCall:
        """The item with the reason as its error."""
        return replace(step, work=None, fields={**step.fields, "error": reason})

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one item; the arguments of a call come in one piece."""
        if step.type == LIST:
            return _list_events(step.fields, index, ids.item("mcpl_"))
        if step.type == CALL:
            return _call_events(step.fields, index, ids.item("mcp_"))
        asked = {name: step.fields[name] for name in ("arguments", "name", "server_label")}
        return emit.item({"id": ids.item("mcpr_"), "type": REQUEST, **asked}, index)


def _client() -> ModuleType:
    """What asks real servers; needs the extra `mcp`."""
    return import_module("emulator.tools.mcp_calls")


def _list_events(fields: Mapping[str, Any], index: int, item_id: str) -> emit.Emissions:
    begun: Object = {"id": item_id, "type": LIST, "server_label": fields["server_label"], "tools": []}
    error = fields.get("error")
    done = {**begun, "error": error} if error else {**begun, "tools": fields.get("tools") or []}
    return emit.phases(
        begun, done, index, "response.mcp_list_tools", ("in_progress", "failed" if error else "completed")
    )


def _call_events(fields: Mapping[str, Any], index: int, item_id: str) -> emit.Emissions:
    error, arguments = fields.get("error"), fields["arguments"]
    done: Object = {
        "id": item_id,
        "type": CALL,
        "status": "completed" if error is None else "failed",
        "approval_request_id": fields.get("approval_request_id"),
        "arguments": arguments,
        "error": _error(error) if isinstance(error, str) else error,
        "name": fields["name"],
        "output": fields.get("output") if error is None else None,
        "server_label": fields["server_label"],
    }
    at = {"item_id": item_id, "output_index": index}
    begun = {**done, "status": "in_progress", "arguments": "", "error": None, "output": None}
    yield "response.output_item.added", {"output_index": index, "item": begun}
    yield "response.mcp_call.in_progress", at
    yield "response.mcp_call_arguments.delta", Deltas(at, (arguments,) if arguments else (), {})
    yield "response.mcp_call_arguments.done", {**at, "arguments": arguments}
    yield emit.WORK
    yield f"response.mcp_call.{done['status']}", at
    yield "response.output_item.done", {"output_index": index, "item": done}


def _error(text: str) -> Object:
    """A tool's own failure, as the wire tells it."""
    return {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": text}]}


def _offered(context: ToolContext, label: str) -> Object | None:
    return next((tool for tool in context.offered("mcp") if tool["server_label"] == label), None)


def _known(context: ToolContext, label: str) -> Tools | None:
    """The server's tools where this run, its input or its chain has listed them."""
    steps = [{"type": step.type, **step.fields} for step in context.said if isinstance(step, HostedCall)]
    raw = [step.item for step in context.said if getattr(step, "kind", "") == "item"]
    found = listed([*context.items, *raw, *steps], label)
    return context.listed.get(label) if found is None else found


def _is_listed(step: HostedCall, context: ToolContext) -> bool:
    label = step.fields["server_label"]
    return label in context.before.mcp_servers or _known(context, label) is not None


def _list_for(call: HostedCall, context: ToolContext) -> HostedCall:
    """The list that must come before a call: the server's own where the server answers the call, else with its tool."""
    label, name = call.fields["server_label"], call.fields["name"]
    if _is_real(call, context):
        return _worked_by_server(HostedCall(LIST, {"server_label": label}))
    tools = allowed(_offered(context, label), pretended(label, _offered(context, label), [name]))
    return HostedCall(LIST, {"server_label": label, "tools": tools})


def _prepared_list(step: HostedCall, context: ToolContext) -> HostedCall:
    if _is_real(step, context):
        return _worked_by_server(step)
    label, offered = step.fields["server_label"], _offered(context, step.fields["server_label"])
    tools = step.fields.get("tools")
    tools = pretended(label, offered) if tools is None else tools
    return replace(step, fields={**step.fields, "tools": allowed(offered, tools)})


def _worked_by_server(step: HostedCall) -> HostedCall:
    """The step without what was pretended of it: the server says that."""
    fields = {name: value for name, value in step.fields.items() if name not in ("pretended", "output", "tools")}
    return replace(step, fields=fields, work={})


def _is_real(step: HostedCall, context: ToolContext) -> bool:
    """Whether the server says what the step leaves open or pretends; ApiError where nobody can say it."""
    fields = step.fields
    if not fields.get("pretended") and not {"tools", "output", "error"}.isdisjoint(fields):
        return False
    rule = read_egress(context.settings.egress)
    if fields.get("pretended") and rule.off:
        return False
    offered = _offered(context, fields["server_label"]) or {}
    target = target_of(offered.get("server_url") or "")
    if target is not None and rule.allows(target):
        return True
    where = f"The egress rule does not allow '{target.host}:{target.port}'" if target else "The request names no URL"
    label, reason = fields["server_label"], f"{where} (--egress sets the rule)."
    if step.type == LIST:
        raise ApiError("mcp_list_failed", "tools", label=label, reason=reason)
    raise ApiError("mcp_call_failed", "tools", label=label, name=fields["name"], reason=reason)


def _must_ask(step: HostedCall, context: ToolContext, before: tuple[HostedCall, ...]) -> bool:
    """Whether the client must approve the call first; a server that is not offered is not asked about."""
    label = step.fields["server_label"]
    offered = _offered(context, label)
    tools = before[0].fields.get("tools") if before else _known(context, label)
    return offered is not None and needs_approval(offered, step.fields["name"], tools or ())


def _approval(step: HostedCall, context: ToolContext) -> Approval | None:
    """The client's answer about this call: one that no other call has used."""
    used = {step.fields.get("approval_request_id") for step in context.said if isinstance(step, HostedCall)}
    wanted = step.fields.get("approval_request_id")
    for approval in answered(context.items, context.before.approvals):
        same = (approval.server_label, approval.name) == (step.fields["server_label"], step.fields["name"])
        if same and approval.request_id not in used and wanted in (None, approval.request_id):
            return approval
    return None


TOOL = Mcp()
