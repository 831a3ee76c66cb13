"""One request on its way through the API: namespace, dialect, id and warnings; and the plain ways to answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.records import dataclass
from emulator.run.create import Ahead
from emulator.run.namespace import Namespace
from emulator.script.fault import Fault
from emulator.script.load import LIMIT as YAML_LIMIT  # it takes longer to read than JSON
from emulator.script.load import read_bytes
from emulator.script.node import FixtureError, Node

Endpoint = Callable[[Request], Awaitable[Response]]
JSON_LIMIT = 10 * 1024 * 1024
FILE_LIMIT = 512 * 1024 * 1024
CONTROL_LIMIT = 64 * 1024
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
NO_CONVERSATIONS = "conversations are no part of the Azure dialect: --azure-conversations serves them there too"
_FILE_DATA = (b'"file_data"', b";base64,")


@dataclass(slots=True)
class Call:
    """What the door found out about a request, and what became of it, for the journal.

    `headers` go by their names in lower case. `warnings` go into the `x-emulator-warning` header. `body` are the bytes
    of a JSON body, `fixture` the name of the fixture that answered, `fault` what was made of the answer, `resumed` the
    number that a stream went on after, `incident` the fault that the run itself plays a part in, `ahead` who looks at
    the last event of a foreground stream before its response is saved.
    """

    namespace: Namespace
    dialect: Dialect
    request_id: str
    headers: Mapping[str, str]
    warnings: list[str] = field(default_factory=list)
    body: bytes = b""
    fixture: str | None = None
    response_id: str | None = None
    fault: str | None = None
    resumed: int | None = None
    incident: Fault | None = None
    ahead: Ahead | None = None

    @property
    def strict(self) -> bool:
        """Whether what is unknown is refused instead of told of."""
        return self.namespace.settings.validation == "strict"

    def serves_conversations(self) -> bool:
        """Whether the dialect has conversations; tells of the switch where it has not."""
        if not self.dialect.conversations:
            self.warn(NO_CONVERSATIONS)
        return self.dialect.conversations

    def warn(self, *texts: str) -> None:
        """Tell the client, without refusing."""
        self.warnings.extend(texts)


def call_of(request: Request) -> Call:
    """The call that the door put into the scope."""
    call: Call = request.scope["emulator"]
    return call


def answer(data: bytes | dict[str, Any], status: int = 200) -> Response:
    """A JSON answer, encoded here unless it is already."""
    return _Json(data if isinstance(data, bytes) else orjson.dumps(data), status)


class _Json(Response):
    """Bytes of JSON: nothing of it is left for the framework to find out."""

    media_type = "application/json"

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


def page(data: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """One page of a list."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def first_page(found: Sequence[Any], limit: int, shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """A page of a list from one row more than it has; that row is the farthest."""
    return page([shown(row) for row in found[:limit]], has_more=len(found) > limit)


async def read_json(request: Request) -> bytes:
    """The bytes of a JSON body: at most 10 MB, or 512 MB where it carries file data."""
    call = call_of(request)
    content_type = call.headers.get("content-type", "application/json")
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ApiError("bad_content_type", got=kind, expected="application/json")
    pieces: list[bytes] = []
    size, limit, more = 0, JSON_LIMIT, True
    while more:
        message = await request.receive()  # `request.stream()` would go through two generators for one message
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        more = message.get("more_body", False)
        if size > limit:
            pieces = [b"".join(pieces)]
            if limit == FILE_LIMIT or not any(mark in pieces[0] for mark in _FILE_DATA):
                raise ApiError("body_too_large", limit=limit)
            limit = FILE_LIMIT
    call.body = b"".join(pieces)
    return call.body


async def read_at_most(request: Request, limit: int) -> bytes:
    """The bytes of a body of at most `limit`, or `body_too_large`."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > limit:
            raise ApiError("body_too_large", limit=limit)
    return raw


async def read_nodes(request: Request, limit: int, error: str) -> Node:
    """The nodes of a body, JSON of at most `limit` bytes or YAML as large as a file; raises `error` if it is none."""
    raw = await read_at_most(request, limit)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    yaml = kind in YAML
    if not (yaml or kind == "application/json" or kind.endswith("+json")):
        raise ApiError("bad_content_type", got=kind, expected="application/json, application/yaml")
    try:
        return read_bytes(raw, "request", json_=not yaml, limit=YAML_LIMIT if yaml else limit)
    except FixtureError as wrong:
        raise ApiError(error, reason=wrong) from None


async def read_control(request: Request, *names: str) -> dict[str, Any]:
    """The small JSON object of a control request, with no other keys than these; an empty body is an empty object."""
    raw = await read_at_most(request, CONTROL_LIMIT)
    try:
        body = orjson.loads(raw) if raw.strip(b" \t\r\n") else {}
    except orjson.JSONDecodeError as error:
        raise ApiError("bad_control", reason=f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError("bad_control", reason="the body must be a JSON object")
    for key in body:
        if key not in names:
            raise ApiError("bad_control", reason=f"there is no key '{key}' here, only {', '.join(names)}")
    return body
