"""Which fault of a namespace strikes a request, and which faults it has; what a fault does is the API's."""

from collections.abc import Sequence
from functools import partial

import orjson

from emulator.core.errors import ApiError
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.script.fault import Fault, Sight, named
from emulator.store import counters
from emulator.store import namespaces as rows

KIND = "fault"
MOST = 1_000


async def choose(namespace: Namespace, sight: Sight) -> Fault | None:
    """The first fault that strikes; each that might is counted, up to the one that does."""
    seed = f"{namespace.seed or ''}|{namespace.name}"
    for fault in namespace.faults:
        if fault.applies(sight):
            count = partial(counters.bump, namespace=namespace.name, name=f"{KIND}:{fault.id}")
            if fault.strikes(await namespace.store.write(count), seed):
                return fault
    return None


async def add(namespaces: Namespaces, namespace: Namespace, faults: Sequence[Fault]) -> list[Fault]:
    """Add faults after those that are there; one with a known id takes its place at the end and counts anew."""
    added = [fault if fault.id else named(fault, namespace.ids.token("fault_", 12)) for fault in faults]
    if len({fault.id for fault in (*namespace.faults, *added)}) > MOST:
        raise ApiError("bad_control", reason=f"a namespace has {MOST} faults at most")
    sources = {fault.id: orjson.dumps(fault.source) for fault in added}
    await namespace.store.write(partial(rows.add_scripts, name=namespace.name, kind=KIND, sources=sources))
    await namespaces.refresh(namespace)
    return added


async def seen(namespace: Namespace) -> dict[str, int]:
    """How many requests each fault might have struck, by id."""
    names = [f"{KIND}:{fault.id}" for fault in namespace.faults]
    found = await namespace.store.read(partial(counters.values, namespace=namespace.name, names=names))
    return {name.removeprefix(f"{KIND}:"): int(value) for name, value in found.items()}


async def drop(namespaces: Namespaces, namespace: Namespace, fault_id: str | None = None) -> int:
    """Remove one fault, or all; how many went."""
    ids = None if fault_id is None else [fault_id]
    gone: int = await namespace.store.write(partial(rows.drop_scripts, name=namespace.name, kind=KIND, ids=ids))
    await namespaces.refresh(namespace)
    return gone
