"""What our server is measured against: a Starlette app that answers canned bytes; it parses, checks and stores nothing.

`python bench/bare.py FOLDER` serves on a free port; FOLDER holds the bodies `plain` and `stream` that our server gave.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


def app_of(folder: Path) -> Starlette:
    """Every request gets the same bytes; a stream is sent one event a write, as a plain app does it."""
    plain = (folder / "plain").read_bytes()
    frames = [frame + b"\n\n" for frame in (folder / "stream").read_bytes().split(b"\n\n")[:-1]]

    async def events() -> AsyncIterator[bytes]:
        for frame in frames:
            yield frame

    async def create(request: Request) -> Response:
        if b'"stream":true' in await request.body():
            return StreamingResponse(events(), media_type="text/event-stream")
        return Response(plain, media_type="application/json")

    return Starlette(routes=[Route("/openai/v1/responses", create, methods=["POST"])])


class Server(uvicorn.Server):
    """uvicorn, with the same ready line as ours."""

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"bare ready url=http://127.0.0.1:{port}/openai/v1", flush=True)


def main() -> None:
    config = uvicorn.Config(
        app_of(Path(sys.argv[1])),
        port=0,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
