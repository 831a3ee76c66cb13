"""Real MCP servers on loopback, of the official package: in a thread, or in a process that can die."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Self

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

PATHS = {"http": "/mcp", "sse": "/sse"}


def tools(calls: list[tuple[str, dict[str, str]]]) -> MCPServer:
    """A server whose calls are noted with the headers that came with them."""
    made = MCPServer("sums", log_level="CRITICAL")

    def note(name: str, context: Context) -> dict[str, str]:
        headers = dict(context.headers or {})
        calls.append((name, headers))
        return headers

    @made.tool(description="Adds two whole numbers.", annotations=ToolAnnotations(read_only_hint=True))
    def add(a: int, b: int, context: Context) -> str:
        note("add", context)
        return str(a + b)

    @made.tool(description="Tells the credential that came with the request.")
    def whoami(context: Context) -> str:
        return note("whoami", context).get("authorization", "nobody")

    @made.tool(description="Always breaks.")
    def boom(context: Context) -> str:
        note("boom", context)
        raise RuntimeError("the boiler burst")

    @made.tool(description="Never answers.")
    async def hang(context: Context) -> str:
        note("hang", context)
        await asyncio.Event().wait()
        return "never"

    @made.tool(description="Ends the server.")
    def die(context: Context) -> str:
        os._exit(1)

    @made.tool(description="Says very much.")
    def flood(context: Context) -> str:
        return "x" * (9 * 1024 * 1024)

    return made


def app_of(made: MCPServer, kind: str):
    return made.sse_app() if kind == "sse" else made.streamable_http_app()


class Threaded:
    """A server in a thread; `calls` are the tools called, each with the request's headers."""

    def __init__(self, kind: str = "http", *, app=None, host: str = "127.0.0.1", **config) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.kind = kind
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}{PATHS[kind]}"
        app = app or app_of(tools(self.calls), kind)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, **config))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(20)


@contextlib.contextmanager
def process(port: int = 0) -> Iterator[str]:
    """A streamable HTTP server in a process of its own; the URL."""
    command = [sys.executable, __file__, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.kill()


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)  # noqa: T201
    config = uvicorn.Config(app_of(tools([]), "http"), log_level="critical")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))
