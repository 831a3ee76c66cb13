"""Real outside work of a run: done once, by the server that accepted the request, its result saved in the plan.

A job is never repeated: where its server died, its lease runs out and whoever settles the response next ends its item
as failed. So no job may take longer than its lease.
"""

import asyncio
import logging
from dataclasses import replace

from emulator.core.clock import machine_time
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.script.plan import Plan
from emulator.tools import tool
from emulator.tools.base import ToolContext

_log = logging.getLogger("emulator")


LEASE = 90.0  # seconds of the machine after which work that nobody finished counts as lost
LONGEST = 75.0  # seconds of the machine that a job may take


def leased(step: HostedCall) -> HostedCall:
    """A step whose work, if it has some, counts as lost after a while."""
    if step.work is None:
        return step
    return replace(step, work={**step.work, "until": machine_time() + LEASE})


async def work(step: HostedCall, context: ToolContext) -> tuple[HostedCall, ApiError | None]:
    """The step with its outside work done, and the error that the whole response fails with.

    A tool that breaks or takes too long ends its item as failed, and the response goes on.
    """
    doing = tool(step.type)
    try:
        async with asyncio.timeout(LONGEST):
            return replace(await doing.work(step, context), work=None), None
    except ApiError as error:
        return doing.abandoned(step, error.message), error
    except Exception:  # noqa: BLE001 (the boundary of a job: a broken tool must not break the run)
        _log.exception("the work of a %s failed", step.type)
        return doing.abandoned(step), None


def without_lost_work(plan: Plan) -> Plan | None:
    """The plan with the call whose work was lost ended as failed; None where none is."""
    open_ = plan.open_work
    if open_ is None or (open_.work or {}).get("until", 0.0) > machine_time():
        return None
    ended = tool(open_.type).abandoned(open_)
    return replace(plan, steps=tuple(ended if step is open_ else step for step in plan.steps))
