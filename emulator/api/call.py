"""One request on its way through the API: namespace, dialect, id and warnings; and the plain ways to answer."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.run.namespace import Namespace

JSON_LIMIT = 10 * 1024 * 1024
FILE_LIMIT = 512 * 1024 * 1024
_FILE_DATA = (b'"file_data"', b";base64,")


@dataclass(slots=True)
class Call:
    """What the door found out about a request. `warnings` go into the `x-emulator-warning` header."""

    namespace: Namespace
    dialect: Dialect
    request_id: str
    warnings: list[str] = field(default_factory=list)

    def warn(self, *texts: str) -> None:
        """Tell the client, without refusing."""
        self.warnings.extend(texts)


def call_of(request: Request) -> Call:
    """The call that the door put into the scope."""
    call: Call = request.scope["emulator"]
    return call


def answer(data: bytes | dict[str, Any], status: int = 200) -> Response:
    """A JSON answer, encoded here unless it is already."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return Response(body, status, media_type="application/json")


async def read_json(request: Request) -> bytes:
    """The bytes of a JSON body: at most 10 MB, or 512 MB where it carries file data."""
    content_type = request.headers.get("content-type", "application/json")
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ApiError("bad_content_type", got=kind, expected="application/json")
    pieces: list[bytes] = []
    size, limit = 0, JSON_LIMIT
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            pieces = [b"".join(pieces)]
            if limit == FILE_LIMIT or not any(mark in pieces[0] for mark in _FILE_DATA):
                raise ApiError("body_too_large", limit=limit)
            limit = FILE_LIMIT
    return b"".join(pieces)
