"""The endpoints of the service that are known but not built: each says so, none pretends."""

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import call_of
from emulator.core.errors import ApiError

# What the path begins with, and what is there in the service.
KNOWN = {
    "conversations": "the conversations API",
}


async def refuse(request: Request) -> Response:
    """Any method under one of the known paths: 501, or 404 where the dialect does not have it at all."""
    known = request.url.path.removeprefix(request.scope["root_path"]).split("/")[1]
    if known == "conversations" and not call_of(request).dialect.conversations:
        call_of(request).warn("conversations are not part of the Azure dialect")
        raise ApiError("bad_path", method=request.method, path=request.url.path)
    raise ApiError("not_implemented", what=KNOWN[known])
