"""Hosted tools before a run: what they refuse, and what their calls need; it makes no event and works on nothing."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.core.client_tools import GROUP, KINDS
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.core.once import once
from emulator.run.jobs import leased
from emulator.run.namespace import Namespace
from emulator.script.ask import Ask
from emulator.script.fallback import go_on
from emulator.script.plan import Step
from emulator.script.planning import Said
from emulator.tools import offered_tool, tool
from emulator.tools.base import Containers, ToolContext, VectorStores

QUESTIONS = ("mcp_approval_request",)


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
        helpers=_Helpers(namespace, ask),
        goes_on=lambda call: go_on(ask, (call,)),
        now=now,
        listed=ask.listed,
    )


class _Helpers:
    """What most runs need nothing of, so that neither it nor its modules are there before a tool asks."""

    def __init__(self, namespace: Namespace, ask: Ask) -> None:
        self._namespace, self._ask = namespace, ask

    @once
    def containers(self) -> Containers:
        from emulator.run.code import RunContainers

        return RunContainers(self._namespace, self._ask)

    @once
    def vector_stores(self) -> VectorStores:
        from emulator.run.file_search import RunSearch

        return RunSearch(self._namespace)


async def check_tools(context: ToolContext) -> None:
    """Refuse a tool that is offered in a way that it cannot be, and one that is not built."""
    for number, offered in enumerate(context.request.tools):
        kind = offered["type"]
        if kind in (*KINDS, GROUP):
            continue
        hosted = offered_tool(kind)
        if hosted is None:
            raise ApiError("not_implemented", f"tools[{number}].type", what=f"the tool '{kind}'")
        hosted.check(offered, f"tools[{number}]", context)
        await hosted.admit(offered, f"tools[{number}]", context)


async def prepare(said: Said, context: ToolContext) -> Said:
    """What is said, its calls of hosted tools with what they need; nothing is stored. No step is prepared twice.

    What holds no such call need not be prepared. What the built-in model says after a call that must be worked on is
    not known yet, so it is left out, and so is what anybody says after a question to the client. Work that is still
    open gets a new lease.
    """
    from emulator.run.citations import with_citations

    steps: list[Step] = [_leased(step) for step in said.steps[: said.ready]]
    for step in said.steps[said.ready :]:
        made = await _prepared(step, replace(context, said=tuple(steps)))
        steps += made
        if _asks(step, made) or (said.fixture is None and any(map(_open, made))):
            break
    return replace(said, steps=tuple(with_citations(steps)), ready=len(steps))


async def _prepared(step: Step, context: ToolContext) -> Sequence[Step]:
    if not isinstance(step, HostedCall):
        return (step,)
    return [_leased(made) for made in await tool(step.type).prepare(step, context)]


def _leased(step: Step) -> Step:
    return leased(step) if isinstance(step, HostedCall) else step


def _open(step: Step) -> bool:
    return isinstance(step, HostedCall) and step.work is not None


def _asks(step: Step, made: Sequence[Step]) -> bool:
    """Whether a question to the client takes the place of a call."""
    return bool(made) and isinstance(made[-1], HostedCall) and made[-1].type in QUESTIONS and made[-1] != step
