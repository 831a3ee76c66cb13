"""The layer between door and routes where limits are kept and faults strike; which one strikes is decided in `run/`.

It costs a request nothing but a look at its headers where its namespace has neither faults nor limits.
"""

from collections.abc import Mapping

import orjson
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.api.call import Call
from emulator.api.wire import Ended, Wire, wire_faults_available
from emulator.core.errors import ApiError
from emulator.run import faults, limits
from emulator.script.fault import Fault, Sight, read_header
from emulator.script.node import FixtureError

HEADER = "x-emulator-fault"
CONTROL = "/_emulator"
NEEDS_WIRE = "the server does not let faults at its connections, so {kind} cannot strike; start it with 'serve'"


class Faults:
    """Wraps the app; the door has put the Call into the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or let a fault have it."""
        call: Call | None = scope.get("emulator")
        header = call.headers.get(HEADER) if call else None
        if call is None or not (header or call.namespace.faults or call.namespace.limits):
            await self._app(scope, receive, send)
            return
        path = scope["path"][len(scope["root_path"]) :]
        if path == CONTROL or path.startswith(CONTROL + "/"):
            await self._app(scope, receive, send)
            return
        wire = Wire(scope, receive, send, call.namespace)
        try:
            await self._let(call, wire, path, header)
        except Ended:
            return

    async def _let(self, call: Call, wire: Wire, path: str, header: str | None) -> None:
        own = _own(header, wire.scope) if header else None
        sight = await _look(call, wire, path)
        headers = await limits.admit(call.namespace, sight)
        if not call.dialect.limit_resets:
            headers = {name: value for name, value in headers.items() if "-reset-" not in name}
        if headers:
            wire.send = _with_headers(wire.send, headers)
        try:
            fault = own if own and own.applies(sight) else await faults.choose(call.namespace, sight)
            if own and fault is not own:
                call.warn(f"the fault {own.kind} does not apply to this request")
            await self._strike(call, wire, sight, fault)
        except ApiError as error:  # the door answers it, and has no other way to the headers
            error.headers = headers | error.headers
            raise

    async def _strike(self, call: Call, wire: Wire, sight: Sight, fault: Fault | None) -> None:
        if fault is None:
            await self._app(wire.scope, wire.receive, wire.send)
            return
        from emulator.api.fault_kinds import FAULTS  # most tests let none strike

        call.fault = fault.kind
        strike = FAULTS[fault.kind](fault, wire, call, sight)
        call.ahead = strike.ahead
        try:
            await strike.run(self._app)
        finally:
            if not strike.struck:
                call.fault = f"{fault.kind}: not reached"


def check_wire(fault: Fault, scope: Scope) -> None:
    """Refuse a fault that this server cannot let strike."""
    needs = fault.traits.wire or fault.args.get("clean") is False
    if needs and not wire_faults_available(scope):
        raise ApiError("bad_control", reason=NEEDS_WIRE.format(kind=fault.kind))


def _own(header: str, scope: Scope) -> Fault:
    try:
        fault = read_header(header)
    except FixtureError as error:
        raise ApiError("bad_control", reason=str(error)) from None
    check_wire(fault, scope)
    return fault


async def _look(call: Call, wire: Wire, path: str) -> Sight:
    """The request as faults see it; of a body only JSON is read ahead."""
    scope = wire.scope
    method = scope["method"]
    query = QueryParams(scope["query_string"])
    if method == "POST" and not _is_json(scope):
        return Sight(method, path)
    call.body = await wire.read()
    body = _object(call.body)
    return Sight(method, path, stream=(body.get("stream") is True) or query.get("stream") == "true", body=body)


def _is_json(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"application/json")
    return b"json" in kind.lower()


def _object(raw: bytes) -> Mapping[str, object]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}  # the app says what is wrong with it
    return body if isinstance(body, dict) else {}


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *raw]
        await send(message)

    return send_with
