"""Remote MCP servers in scripts: what the built-in model does with one, pretended or scripted; it calls nobody.

What it makes up of a server is marked `pretended`: the tool asks the server instead, where the egress rule allows it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.mcp import Approval, Tools, allowed, answered, listed, pretended
from emulator.script.ask import Ask
from emulator.script.choose_tool import choose_tool
from emulator.script.draft import dumped
from emulator.script.generate import GenerateError, value_for
from emulator.script.hosted import Words
from emulator.script.hosted.mcp_forms import NO_INPUT, mcp_approval_request, mcp_call, mcp_list_tools, mcp_server
from emulator.script.plan import Message, Step
from emulator.script.prose import clipped, result

__all__ = ["mcp_approval_request", "mcp_call", "mcp_list_tools", "mcp_server"]

HINT = 2_000  # characters of a prompt that arguments are made from
SHOWN = 200  # characters of a prompt, of a reason or of an error that are told
# What a script says of a server's tools: the fields of a call by the tool's name. None: the server is pretended.
Scripted = Mapping[str, Mapping[str, Any]] | None


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """The list of the server's tools where the chain has none, one call that suits the prompt, and what came of it."""
    label = tool["server_label"]
    tools = _known(ask, label)
    if tools is not None:
        return _call(ask, tool, tools, message)
    named = _named(ask)
    tools = pretended(label, tool, [named] if named else ())
    fields = {"server_label": label, "tools": tools, "pretended": True}
    return HostedCall("mcp_list_tools", fields), *_call(ask, tool, tools, message)


def expanded(ask: Ask, server: HostedCall, message: Words) -> tuple[Step, ...]:
    """What the built-in model does with a server that a script describes: the same, with what the script says."""
    label, tools = server.fields["server_label"], server.fields["tools"]
    scripted = {tool["name"]: outcome for tool, outcome in zip(tools, server.fields["outcomes"], strict=True)}
    if _approvals(ask):
        return _answer(ask, (), message, scripted)
    tool = next((tool for tool in ask.request.tools if tool.get("server_label") == label), {"server_label": label})
    steps = _call(ask, tool, tools, message, scripted)
    if _known(ask, label) is not None:
        return steps
    return HostedCall("mcp_list_tools", {"server_label": label, "tools": tools}), *steps


def _known(ask: Ask, label: str) -> Tools | None:
    """The server's tools, where the request's items or its chain have listed them."""
    tools = listed(ask.items, label)
    return ask.listed.get(label) if tools is None else tools


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """The calls that the last input items approve, and what came of them; what they refuse is not called."""
    return _answer(ask, (), message)


def goes_on(ask: Ask, steps: Sequence[Step], message: Words) -> tuple[Step, ...]:
    """After a real server's list the call; after a real call the next one that was approved, or what came of it."""
    last = steps[-1]
    if not isinstance(last, HostedCall):
        return (Message(message()),)
    if last.type == "mcp_list_tools":
        tool = next(tool for tool in ask.request.tools if tool.get("server_label") == last.fields["server_label"])
        return _call(ask, tool, last.fields.get("tools", ()), message)
    if last.fields.get("approval_request_id"):
        return _answer(ask, steps, message)
    return (Message(_told(ask, [last], (), message)),)


def _call(
    ask: Ask, tool: Mapping[str, Any], tools: Tools, message: Words, scripted: Scripted = None
) -> tuple[Step, ...]:
    prompt = ask.last_user_text()
    chosen = _choose(ask, allowed(tool, tools), prompt)
    if chosen is None:
        return (Message(message()),)
    given = _arguments(chosen, prompt)
    fields = {"server_label": tool["server_label"], "name": chosen["name"], "arguments": given}
    step = _made_up(fields, scripted)
    return step, Message(_told(ask, [step], (), message))


def _choose(ask: Ask, tools: Tools, prompt: str) -> Mapping[str, Any] | None:
    """The forced tool of the server, or the one that suits the prompt best; None where there is none."""
    if named := _named(ask):
        return next((tool for tool in tools if tool["name"] == named), None)
    functions = [{**tool, "type": "function", "parameters": tool.get("input_schema")} for tool in tools]
    return choose_tool(functions, "required", prompt)


def _named(ask: Ask) -> str | None:
    choice = ask.request.tool_choice
    return choice.get("name") if isinstance(choice, dict) and choice["type"] == "mcp" else None


def _arguments(tool: Mapping[str, Any], prompt: str) -> str:
    schema = tool.get("input_schema")
    try:
        return dumped(value_for(schema if isinstance(schema, dict) else NO_INPUT, hint=prompt[:HINT]))
    except (GenerateError, ValueError) as error:
        what = f"the input of the MCP tool '{tool['name']}' (it needs a fixture: {error})"
        raise ApiError("not_implemented", "tools", what=what) from None


def _made_up(fields: Mapping[str, Any], scripted: Scripted) -> HostedCall:
    """A call with what the script says comes of it; without a script it is made up, unless a server can be asked."""
    if scripted is not None:
        unknown = {
            "error": {"type": "mcp_protocol_error", "code": -32602, "message": f"Unknown tool: {fields['name']}"}
        }
        return HostedCall("mcp_call", {**fields, **scripted.get(fields["name"], unknown)})
    about = clipped(fields["arguments"], SHOWN)
    output = f"A pretended answer of {fields['name']}({'' if about == '{}' else about}): nothing was called."
    return HostedCall("mcp_call", {**fields, "output": output, "pretended": True})


def _answer(ask: Ask, steps: Sequence[Step], message: Words, scripted: Scripted = None) -> tuple[Step, ...]:
    done = [step for step in steps if isinstance(step, HostedCall) and step.type == "mcp_call"]
    called = {step.fields.get("approval_request_id") for step in done}
    approvals = _approvals(ask)
    made = [
        _made_up(
            {
                "server_label": approval.server_label,
                "name": approval.name,
                "arguments": approval.arguments,
                "approval_request_id": approval.request_id,
            },
            scripted,
        )
        for approval in approvals
        if approval.approve and approval.request_id not in called
    ]
    refused = [approval for approval in approvals if not approval.approve]
    return *made, Message(_told(ask, [*done, *made], refused, message))


def _approvals(ask: Ask) -> list[Approval]:
    """Those that the last input items answer."""
    last = []
    for item in reversed(ask.items):
        if item["type"] != "mcp_approval_response":
            break
        last.append(item["approval_request_id"])
    return [found for found in answered(ask.items, ask.before.approvals) if found.request_id in last]


def _told(ask: Ask, calls: Sequence[HostedCall], refused: Sequence[Approval], message: Words) -> str:
    """What the message says of calls and refusals; JSON where the request asks for that."""
    if ask.request.text["format"].get("type", "text") != "text":
        return message()
    said = [_outcome(call.fields) for call in calls]
    for approval in refused:
        why = clipped(approval.reason or "", SHOWN)
        said.append(f"I did not call {approval.name}, because you did not approve it{f': {why}' if why else '.'}")
    return " ".join(said)


def _outcome(fields: Mapping[str, Any]) -> str:
    if fields.get("error") is None:
        return result(fields["name"], fields.get("output") or "")
    return f"{fields['name']} failed: {clipped(_failure(fields['error']), SHOWN)}"


def _failure(error: Any) -> str:
    """What an error says, whichever of the wire's forms it has."""
    if not isinstance(error, dict):
        return str(error)
    parts = error.get("content")
    texts = [part.get("text", "") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return str(error.get("message") or "\n".join(map(str, texts)) or dumped(error))
