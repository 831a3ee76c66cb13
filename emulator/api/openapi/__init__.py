"""The server's own OpenAPI description and its endpoint; what it says stands in data and models that it reads."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer

PATH = "/_emulator/openapi.json"


def dumped() -> bytes:
    """The description as JSON; made when it is first asked for."""
    from emulator.api.openapi.description import describe

    return orjson.dumps(describe(), option=orjson.OPT_INDENT_2)


async def show(_: Request) -> Response:
    """GET /_emulator/openapi.json: every endpoint of this server, as OpenAPI 3.1."""
    return answer(await asyncio.to_thread(dumped))
