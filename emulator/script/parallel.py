"""Keeps an answer to one call where a request allows no parallel ones; it chooses no call."""

from collections.abc import Sequence

from emulator.core.chain import CALLS
from emulator.script.plan import Item, Step


def one_call(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with the first call that the client answers, and without the others."""
    kept: list[Step] = []
    called = False
    for step in steps:
        calls = _calls(step)
        if not (calls and called):
            kept.append(step)
        called = called or calls
    return tuple(kept)


def _calls(step: Step) -> bool:
    return (step.item["type"] if isinstance(step, Item) else step.kind) in CALLS
