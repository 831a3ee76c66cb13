"""Hosted tools before a run: what they refuse, and what their calls need; it makes no event and works on nothing."""

from dataclasses import replace

from emulator.core.clock import machine_time
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.run.citations import with_citations
from emulator.run.code import RunContainers
from emulator.run.file_search import RunSearch
from emulator.run.namespace import Namespace
from emulator.script.ask import Ask
from emulator.script.fallback import go_on
from emulator.script.plan import Step
from emulator.script.planning import Said
from emulator.tools import offered_tool, tool
from emulator.tools.base import ToolContext

CALLED_BY_CLIENT = ("function", "custom")
LEASE = 90.0  # seconds of the machine after which work that nobody finished counts as lost


def context_of(namespace: Namespace, ask: Ask, dialect: Dialect, response_id: str, now: float) -> ToolContext:
    """What the tools of one run may reach."""
    return ToolContext(
        request=ask.request,
        deployment=ask.deployment,
        dialect=dialect,
        headers=ask.headers,
        items=ask.items,
        before=ask.before,
        settings=namespace.settings,
        response_id=response_id,
        ids=ItemIds(response_id, "tools"),
        containers=RunContainers(namespace, ask),
        vector_stores=RunSearch(namespace),
        goes_on=lambda call: go_on(ask, (call,)),
        now=now,
    )


async def check_tools(context: ToolContext) -> None:
    """Refuse a tool that is offered in a way that it cannot be, and one that is not built."""
    for number, offered in enumerate(context.request.tools):
        kind = offered["type"]
        if kind in CALLED_BY_CLIENT:
            continue
        hosted = offered_tool(kind)
        if hosted is None:
            raise ApiError("not_implemented", f"tools[{number}].type", what=f"the tool '{kind}'")
        hosted.check(offered, f"tools[{number}]", context)
        await hosted.admit(offered, f"tools[{number}]", context)


async def prepare(said: Said, context: ToolContext, known: int = 0) -> Said:
    """What is said, its calls of hosted tools with what they need; the first `known` steps have it. Nothing is stored.

    What the built-in model says after a call that must be worked on is not known yet, so it is left out.
    """
    if not any(isinstance(step, HostedCall) for step in said.steps):
        return said
    steps = list(said.steps[:known])
    for step in said.steps[known:]:
        steps += await tool(step.type).prepare(step, context) if isinstance(step, HostedCall) else (step,)
        if said.fixture is None and any(isinstance(made, HostedCall) and made.work is not None for made in steps):
            break
    return replace(said, steps=tuple(_leased(step) for step in with_citations(steps)))


def _leased(step: Step) -> Step:
    """A step whose work, if it has some, counts as lost a while from now."""
    if not isinstance(step, HostedCall) or step.work is None:
        return step
    return replace(step, work={**step.work, "until": machine_time() + LEASE})
