"""The endpoints of a namespace's faults and rate limits; they decide nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of, read_nodes
from emulator.api.faults import check_wire
from emulator.core.errors import ApiError
from emulator.run import faults, limits
from emulator.run.namespaces import Namespaces
from emulator.script.fault import Fault, read_fault
from emulator.script.limit import read_limit
from emulator.script.node import FixtureError, Node

LARGEST = 1_000_000
T = TypeVar("T")


async def list_faults(request: Request) -> Response:
    """GET /_emulator/faults: in the order in which they strike, each with the requests that it has counted."""
    namespace = call_of(request).namespace
    seen = await faults.seen(namespace)
    return answer({"data": [{**fault.source, "seen": seen.get(fault.id, 0)} for fault in namespace.faults]})


async def add_faults(request: Request) -> Response:
    """POST /_emulator/faults: one fault or a list, as JSON or YAML; all are added, or none."""
    given = await _entries(request, "fault", read_fault)
    ids = [fault.id for fault in given if fault.id]
    if len(set(ids)) < len(ids):
        raise ApiError("bad_control", reason="two of the faults have the same id")
    for fault in given:
        check_wire(fault, request.scope)
    added = await faults.add(_namespaces(request), call_of(request).namespace, given)
    return answer({"data": [_shown(fault) for fault in added]})


async def drop_faults(request: Request) -> Response:
    """DELETE /_emulator/faults: all of this namespace."""
    return answer({"deleted": await faults.drop(_namespaces(request), call_of(request).namespace)})


async def drop_fault(request: Request) -> Response:
    """DELETE /_emulator/faults/{id}."""
    fault_id = request.path_params["id"]
    if not await faults.drop(_namespaces(request), call_of(request).namespace, fault_id):
        raise ApiError("control_not_found", what="fault", id=fault_id)
    return answer({"id": fault_id, "deleted": True})


async def list_limits(request: Request) -> Response:
    """GET /_emulator/limits: each with what its windows still take."""
    return answer({"data": await limits.shown(call_of(request).namespace)})


async def add_limits(request: Request) -> Response:
    """POST /_emulator/limits: the limits of one deployment or of several, as JSON or YAML; all or none."""
    given = await _entries(request, "limit", read_limit)
    await limits.add(_namespaces(request), call_of(request).namespace, given)
    return answer({"data": [limit.to_dict() for limit in given]})


async def drop_limits(request: Request) -> Response:
    """DELETE /_emulator/limits: all of this namespace."""
    return answer({"deleted": await limits.drop(_namespaces(request), call_of(request).namespace)})


async def drop_limit(request: Request) -> Response:
    """DELETE /_emulator/limits/{deployment}."""
    deployment = request.path_params["deployment"]
    if not await limits.drop(_namespaces(request), call_of(request).namespace, deployment):
        raise ApiError("control_not_found", what="limit for", id=deployment)
    return answer({"deployment": deployment, "deleted": True})


def _namespaces(request: Request) -> Namespaces:
    found: Namespaces = request.app.state.namespaces
    return found


def _shown(fault: Fault) -> dict[str, Any]:
    return {**fault.source, "id": fault.id}


async def _entries(request: Request, what: str, read: Callable[[Node], T]) -> list[T]:
    """The entries of a body, one or a list, as JSON or YAML."""
    node = await read_nodes(request, LARGEST, "bad_control")
    found: list[T] = []
    for number, entry in enumerate(node.value if isinstance(node.value, list) else [node]):
        try:
            found.append(read(replace(entry, path=what)))
        except FixtureError as error:
            raise ApiError("bad_control", reason=f"{what}s[{number}]: {error}") from None
    return found
