"""Real outside work of a run: done once, by the server that accepted the request, its result saved in the plan.

A job is never repeated: where its server died, its lease runs out and whoever settles the response next ends its item
as failed.
"""

import logging
from dataclasses import replace

from emulator.core.clock import machine_time
from emulator.core.hosted import HostedCall
from emulator.script.plan import Plan
from emulator.tools import tool
from emulator.tools.base import ToolContext

_log = logging.getLogger("emulator")


async def work(step: HostedCall, context: ToolContext) -> HostedCall:
    """The step with its outside work done; a tool that breaks ends its item as failed."""
    try:
        done = await tool(step.type).work(step, context)
    except Exception:  # noqa: BLE001 (the boundary of a job: a broken tool must not break the run)
        _log.exception("the work of a %s failed", step.type)
        return tool(step.type).abandoned(step)
    return replace(done, work=None)


def without_lost_work(plan: Plan) -> Plan | None:
    """The plan with the call whose work was lost ended as failed; None where none is."""
    open_ = plan.open_work
    if open_ is None or (open_.work or {}).get("until", 0.0) > machine_time():
        return None
    ended = tool(open_.type).abandoned(open_)
    return replace(plan, steps=tuple(ended if step is open_ else step for step in plan.steps))
