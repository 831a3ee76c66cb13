"""The endpoints of fixtures: add, list with hits, replace, remove; what a fixture means is read elsewhere."""

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of, read_nodes
from emulator.core.errors import ApiError
from emulator.run import scripts
from emulator.run.namespaces import Namespaces

LIMIT = 10_000_000  # of JSON


async def list_fixtures(request: Request) -> Response:
    """GET /_emulator/fixtures: all of the namespace in order of precedence, and what is wrong with the files."""
    data = await scripts.listed(call_of(request).namespace)
    return answer({"data": data, "error": _namespaces(request).files.error})


async def add(request: Request) -> Response:
    """POST /_emulator/fixtures: one fixture or a list, as JSON or YAML; all of them or none."""
    return await _add(request, replace=False)


async def replace(request: Request) -> Response:
    """PUT /_emulator/fixtures: the same, in place of all that were added before."""
    return await _add(request, replace=True)


async def remove_all(request: Request) -> Response:
    """DELETE /_emulator/fixtures: all that were added; those of the files stay."""
    gone = await scripts.drop(_namespaces(request), call_of(request).namespace)
    return answer({"deleted": gone})


async def remove(request: Request) -> Response:
    """DELETE /_emulator/fixtures/{id}."""
    fixture_id = request.path_params["fixture_id"]
    if fixture_id.startswith("file_"):
        raise ApiError("bad_fixture", reason="a fixture of a file is removed from its file")
    if not await scripts.drop(_namespaces(request), call_of(request).namespace, fixture_id):
        raise ApiError("control_not_found", what="fixture", id=fixture_id)
    return answer({"id": fixture_id, "deleted": True})


def _namespaces(request: Request) -> Namespaces:
    found: Namespaces = request.app.state.namespaces
    return found


async def _add(request: Request, *, replace: bool) -> Response:
    node = await read_nodes(request, LIMIT, "bad_fixture")
    added = await scripts.add(_namespaces(request), call_of(request).namespace, node, replace=replace)
    return answer({"data": [{"id": fixture.id, "name": fixture.name} for fixture in added]})
