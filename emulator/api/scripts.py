"""The endpoints of fixtures: add, list with hits, replace, remove; what a fixture means is read elsewhere."""

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of
from emulator.core.errors import ApiError
from emulator.run import scripts
from emulator.run.namespaces import Namespaces
from emulator.script.fixture import FixtureError
from emulator.script.load import LIMIT as FILE_LIMIT
from emulator.script.load import read_bytes
from emulator.script.node import Node

LIMIT = 10_000_000  # of JSON; YAML takes longer to read, so it has the limit of a file
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
WHERE = "request"


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
    node = await _body(request)
    added = await scripts.add(_namespaces(request), call_of(request).namespace, node, replace=replace)
    return answer({"data": [{"id": fixture.id, "name": fixture.name} for fixture in added]})


async def _body(request: Request) -> Node:
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > LIMIT:
            raise ApiError("body_too_large", limit=LIMIT)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    yaml = kind in YAML
    if not (yaml or kind == "application/json" or kind.endswith("+json")):
        raise ApiError("bad_content_type", got=kind, expected="application/json, application/yaml")
    try:
        return read_bytes(raw, WHERE, json_=not yaml, limit=FILE_LIMIT if yaml else LIMIT)
    except FixtureError as error:
        raise ApiError("bad_fixture", reason=error) from None


routes = (
    ("GET", "/_emulator/fixtures", list_fixtures),
    ("POST", "/_emulator/fixtures", add),
    ("PUT", "/_emulator/fixtures", replace),
    ("DELETE", "/_emulator/fixtures", remove_all),
    ("DELETE", "/_emulator/fixtures/{fixture_id}", remove),
)
