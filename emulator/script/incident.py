"""What a named incident makes of a plan, so that the stored response agrees with the stream; it touches no wire."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from emulator.core.usage import ESTIMATE, Counter
from emulator.script.budget import output_tokens
from emulator.script.fault import Fault
from emulator.script.plan import Ending, Message, Plan, Step

FIRST_TOKEN_SECONDS = 30.0
_BLOCKED = {"filtered": True, "severity": "medium"}


def plan_for_incident(fault: Fault | None, plan: Plan, counter: Counter = ESTIMATE) -> Plan:
    """The plan as the incident changes it; any other fault leaves it as it is."""
    change = CHANGES.get(fault.kind) if fault else None
    if change is None or fault is None:
        return plan
    changed = change(fault, plan)
    if changed.steps == plan.steps:
        return changed
    output, reasoning = output_tokens(changed.steps, counter)
    return replace(changed, usage=replace(changed.usage, output=output, reasoning=reasoning))


def _rate_limit(_: Fault, plan: Plan) -> Plan:
    message = "Your requests to the deployment have exceeded its token rate limit. Please try again in 20s."
    return replace(_half(plan), ending=Ending("failed", code="rate_limit_exceeded", message=message))


def _content_filter(_: Fault, plan: Plan) -> Plan:
    plan = _half(plan)
    closing = dict(plan.closing)
    if closing.get("content_filters"):
        length = sum(len(step.text) for step in plan.steps if isinstance(step, Message))
        closing["content_filters"] = [blocked(entry, "completion", length) for entry in closing["content_filters"]]
    return replace(plan, ending=Ending("incomplete", reason="content_filter"), closing=closing)


def blocked(entry: Mapping[str, Any], source: str, length: int) -> Mapping[str, Any]:
    """An entry of `content_filters`, as it is where the filter blocked that source."""
    if entry["source_type"] != source:
        return entry
    return {
        **entry,
        "blocked": True,
        "content_filter_results": {**entry["content_filter_results"], "violence": _BLOCKED},
        "content_filter_offsets": {"start_offset": 0, "end_offset": length, "check_offset": 0},
    }


def _slow(fault: Fault, plan: Plan) -> Plan:
    return replace(plan, pace=replace(plan.pace, first=fault.args.get("delay", FIRST_TOKEN_SECONDS)))


def _half(plan: Plan) -> Plan:
    """The plan up to the middle of its last text."""
    steps: list[Step] = list(plan.steps)
    for at in range(len(steps) - 1, -1, -1):
        step = steps[at]
        if isinstance(step, Message):
            steps[at:] = [Message(step.text[: (len(step.text) + 1) // 2])]
            break
    return replace(plan, steps=tuple(steps))


CHANGES: Mapping[str, Callable[[Fault, Plan], Plan]] = {
    "rate_limit_in_stream": _rate_limit,
    "content_filter_completion": _content_filter,
    "slow_first_token": _slow,
}
