"""The endpoints that steer a namespace: clock, reset, one background response, export; they decide nothing."""

from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from emulator.api.call import FILE_LIMIT, answer, call_of, read_control
from emulator.core.errors import ApiError
from emulator.core.items import persisted
from emulator.run import archive, steer
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces, shown
from emulator.settings import duration
from emulator.store import namespaces as rows

UNMATCHED = ("answer", "reject")


def _namespaces(request: Request) -> Namespaces:
    found: Namespaces = request.app.state.namespaces
    return found


async def clock(request: Request) -> Response:
    """GET /_emulator/clock: the namespace's clock."""
    return answer(_clock(call_of(request).namespace))


async def move_clock(request: Request) -> Response:
    """POST /_emulator/clock {"mode", "now", "advance"}, each optional: answers the clock, all due settled."""
    namespace = call_of(request).namespace
    body = await read_control(request, "mode", "now", "advance")
    mode, now = body.get("mode"), body.get("now")
    if mode is not None and mode not in steer.MODES:
        raise ApiError("bad_control", reason=f"'mode' is one of {', '.join(steer.MODES)}")
    if now is not None and (isinstance(now, bool) or not isinstance(now, int | float) or not 0 <= now < 1e11):
        raise ApiError("bad_control", reason="'now' is a number of seconds since 1970")
    if mode == "real" and (now is not None or body.get("advance")):
        raise ApiError("bad_control", reason="a real clock is not moved: leave 'mode' out, or make it offset or frozen")
    advance = _seconds(body.get("advance", 0))
    await steer.move_clock(_namespaces(request), namespace, mode=mode, now=now, advance=advance)
    return answer(_clock(namespace))


def _seconds(value: Any) -> float:
    """A duration: a number of seconds, or text such as 31d."""
    try:
        seconds = duration(str(value)) if isinstance(value, str | int | float) else -1.0
    except ValueError as error:
        raise ApiError("bad_control", reason=f"'advance': '{value}' {error}") from None
    if seconds < 0 or isinstance(value, bool):
        raise ApiError("bad_control", reason="'advance' is a duration such as 31d: a clock moves forward only")
    return seconds


def _clock(namespace: Namespace) -> dict[str, Any]:
    clock = namespace.clock
    return {"mode": clock.mode, "now": clock.now(), "offset": clock.at if clock.mode == "offset" else 0.0}


async def reset(request: Request) -> Response:
    """POST /_emulator/reset {"scope": "all"}: empty one scope of this namespace and no other."""
    body = await read_control(request, "scope")
    scope = body.get("scope", "all")
    await _namespaces(request).reset(call_of(request).namespace, scope)
    return answer({"reset": scope})


async def seed(request: Request) -> Response:
    """POST /_emulator/seed {"seed": "text" or null}: the ids of this namespace, from its first one on."""
    body = await read_control(request, "seed")
    value = body.get("seed")
    if isinstance(value, bool) or not (value is None or (isinstance(value, str | int) and len(str(value)) <= 200)):
        raise ApiError("bad_control", reason="'seed' is a text or a number, or null for random ids")
    text = None if value is None else str(value)
    await _namespaces(request).change(call_of(request).namespace, seed=text, counter=0)
    return answer({"seed": text})


async def unmatched(request: Request) -> Response:
    """POST /_emulator/unmatched {"unmatched": "answer" or "reject"}: where no fixture of this namespace matches."""
    value = (await read_control(request, "unmatched")).get("unmatched")
    if value not in UNMATCHED:
        raise ApiError("bad_control", reason=f"'unmatched' is one of {', '.join(UNMATCHED)}")
    await _namespaces(request).tell(call_of(request).namespace, "unmatched", value)
    return answer({"unmatched": value})


async def list_namespaces(request: Request) -> Response:
    """GET /_emulator/namespaces: all of this server, the last used first."""
    found = await _namespaces(request).store.read(rows.names)
    return answer({"data": [shown(row) for row in found]})


async def forget(request: Request) -> Response:
    """DELETE /_emulator/namespaces/{name}: with all that it owns."""
    name = request.path_params["name"]
    await _namespaces(request).forget(name)
    return answer({"name": name, "deleted": True})


async def step(request: Request) -> Response:
    """POST /_emulator/responses/{id}/advance or /complete: the next step of a response that waits for it, or all."""
    to_end = request.url.path.endswith("/complete")
    await read_control(request)
    row = await steer.step(call_of(request).namespace, request.path_params["response_id"], to_end=to_end)
    return answer(persisted(row.response))


async def fail(request: Request) -> Response:
    """POST /_emulator/responses/{id}/fail {"code", "message"}: end it as failed, wherever it is."""
    body = await read_control(request, "code", "message")
    error = {"code": "server_error", "message": "The model failed to generate a response.", **body}
    if not all(isinstance(value, str) for value in error.values()):
        raise ApiError("bad_control", reason="'code' and 'message' are texts")
    row = await steer.fail(call_of(request).namespace, request.path_params["response_id"], error)
    return answer(persisted(row.response))


async def export(request: Request) -> Response:
    """GET /_emulator/export: the whole namespace as one archive."""
    path = await archive.write(call_of(request).namespace)
    name = f"{call_of(request).namespace.name}.zip"
    return FileResponse(path, media_type="application/zip", filename=name, background=BackgroundTask(path.unlink))


async def import_(request: Request) -> Response:
    """POST /_emulator/import: replace this namespace by an archive; all of it or nothing."""
    path = archive.new_file()
    try:
        size = 0
        with path.open("wb") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > FILE_LIMIT:
                    raise ApiError("body_too_large", limit=FILE_LIMIT)
                file.write(piece)
        counts = await archive.read(_namespaces(request), call_of(request).namespace, path)
    finally:
        path.unlink()
    return answer({"imported": counts})
