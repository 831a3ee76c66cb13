"""Fits the calls of an answer to what its request offers and how many it allows; it chooses no call."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.core.chain import CALLS
from emulator.core.client_tools import ClientTool
from emulator.core.hosted import HostedCall
from emulator.script.plan import CustomToolCall, FunctionCall, Item, Step

# Items of hosted tools that are no calls of their own.
NO_CALLS = ("mcp_list_tools", "mcp_approval_request", "shell_call_output")


def grouped(steps: tuple[Step, ...], tools: Sequence[ClientTool]) -> tuple[Step, ...]:
    """The steps, each call of a tool that is offered in groups alone with the name of the first such group."""
    groups: dict[str, str | None] = {}
    for offered in sorted(tools, key=lambda tool: tool.group is not None):
        groups.setdefault(offered.tool["name"], offered.group)
    if not any(groups.values()):
        return steps
    return tuple(
        replace(step, namespace=groups.get(step.name))
        if isinstance(step, FunctionCall | CustomToolCall) and step.namespace is None
        else step
        for step in steps
    )


def one_call(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with the first call that the client answers, and without the others."""
    kept: list[Step] = []
    called = False
    for step in steps:
        calls = _type(step) in CALLS
        if not (calls and called):
            kept.append(step)
        called = called or calls
    return tuple(kept)


def at_most(steps: Sequence[Step], most: int) -> tuple[Step, ...]:
    """The steps with the first `most` calls of hosted tools; the service ignores what the model calls beyond."""
    kept: list[Step] = []
    left, ignored = most, False
    for step in steps:
        if isinstance(step, HostedCall):
            if step.type not in NO_CALLS:
                ignored = left == 0
                left -= not ignored
            if ignored and step.type != "mcp_list_tools":  # an output goes with its call
                continue
        kept.append(step)
    return tuple(kept)


def _type(step: Step) -> str:
    match step:
        case Item(item=item):
            return str(item["type"])
        case HostedCall(type=kind):
            return kind
        case _:
            return step.kind
