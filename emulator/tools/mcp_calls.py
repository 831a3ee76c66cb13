"""Lists the tools of a real MCP server and calls one, through the official client; imported on first use only.

Streamable HTTP is tried first and SSE where a server does not speak it (the other way round for a URL that ends in
`/sse`). Whatever goes wrong becomes one sentence: no nested exception groups, no header in it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import field
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2
import mcp
import orjson
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from emulator.core.egress import Egress
from emulator.core.records import dataclass
from emulator.core.redact import REDACTED, telling
from emulator.tools.mcp_wire import Wire

CONNECT = 5.0  # seconds until a connection stands
MOST_TOOLS, MOST_PAGES = 1_000, 50
MOST_LIST = 1024 * 1024  # bytes of a list of tools as JSON
MOST_OUTPUT = 1024 * 1024  # characters of a result
SHOWN = 300  # characters of a server's error
# Answers to a first request that mean: this is another transport.
OTHER_TRANSPORT = frozenset({400, 404, 405, 406, 415})
# Headers of the connection itself: nobody else sets them.
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
LIBRARIES = ("mcp", "httpx2", "httpcore2")

Object = dict[str, Any]
Result = TypeVar("Result")
_calling: ContextVar[bool] = ContextVar("calling", default=False)


class McpError(Exception):
    """A server could not be asked; the message is one sentence. `code` is the HTTP status, or 0."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its URL, the headers that it gets, which are never shown, and the rule about where it may be."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    rule: Egress

    def hide(self, told: Any) -> Any:
        """What the server says, as JSON data, without the credentials that it was given."""
        if isinstance(told, dict):
            return {self.hide(key): self.hide(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.hide(value) for value in told]
        if not isinstance(told, str):
            return told
        for value in self.headers.values():
            for secret in filter(telling, (value, value.rpartition(" ")[2])):
                told = told.replace(secret, REDACTED)
        return told


async def list_tools(server: Server, seconds: float) -> list[Object]:
    """The tools as an `mcp_list_tools` item has them; raises McpError."""

    async def listing(client: mcp.Client) -> list[Object]:
        tools: list[Object] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += [_tool(tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None or len(tools) > MOST_TOOLS:
                break
        return tools

    try:
        tools = await _asked(server, seconds, listing)
    except mcp.MCPError as error:
        raise McpError(f"The server does not list its tools: {_line(server, error)}.") from None
    if len(tools) > MOST_TOOLS:
        raise McpError(f"The server has more than {MOST_TOOLS:,} tools.")
    if len(orjson.dumps(tools)) > MOST_LIST:
        raise McpError(f"The list of tools has more than {MOST_LIST:,} bytes.")
    hidden: list[Object] = server.hide(tools)
    return hidden


async def call_tool(server: Server, call: Mapping[str, Any], seconds: float) -> Object:
    """What comes of a call, as fields of an `mcp_call` item: its `output`, or its `error` as the wire tells it."""
    arguments = _arguments(call["arguments"])
    if arguments is None:
        return {"error": {"type": "mcp_protocol_error", "code": -32602, "message": "The arguments are no JSON object."}}
    try:
        given = await _asked(server, seconds, lambda client: client.call_tool(call["name"], arguments))
    except McpError as error:
        return {"error": {"type": "http_error", "code": error.code, "message": str(error)}}
    except mcp.MCPError as error:
        return {"error": {"type": "mcp_protocol_error", "code": error.code, "message": _line(server, error)}}
    text = server.hide(_text(given))
    if len(text) > MOST_OUTPUT:
        message = f"The result has more than {MOST_OUTPUT:,} characters."
        return {"error": {"type": "http_error", "code": 0, "message": message}}
    if given.is_error:
        return {"error": {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": text}]}}
    return {"output": text}


async def _asked(server: Server, seconds: float, ask: Callable[[mcp.Client], Awaitable[Result]]) -> Result:
    """What a session with the server gives, by the first transport that it speaks; raises McpError, or its MCPError."""
    _hush()
    token = _calling.set(True)
    try:
        kinds = ("sse", "http") if server.url.partition("?")[0].rstrip("/").endswith("/sse") else ("http", "sse")
        for kind in kinds:
            wire = Wire(server.rule)
            try:
                async with asyncio.timeout(seconds), _session(server, wire, kind, seconds) as client:
                    return await ask(client)
            except Exception as error:  # noqa: BLE001 (the client wraps what happened in groups of groups)
                if (protocol := _protocol_error(error)) and wire.answered and wire.trouble is None:
                    raise protocol from None
                failure = _failure(server, wire, error, seconds)
                if wire.answered or wire.trouble or wire.status not in OTHER_TRANSPORT or kind == kinds[1]:
                    raise failure from None
        raise AssertionError("there is no transport")
    finally:
        _calling.reset(token)


@asynccontextmanager
async def _session(server: Server, wire: Wire, kind: str, seconds: float) -> AsyncIterator[mcp.Client]:
    def http(*_: Any, **__: Any) -> httpx2.AsyncClient:
        limits = httpx2.Timeout(seconds, connect=CONNECT)
        headers = {name: value for name, value in server.headers.items() if name.lower() not in OURS}
        return httpx2.AsyncClient(
            transport=wire, headers=headers, timeout=limits, follow_redirects=False, trust_env=False
        )

    if kind == "sse":
        client = mcp.Client(sse_client(server.url, httpx_client_factory=http), mode="legacy", cache=None)
        async with client as ready:
            yield ready
        return
    async with http() as sender:
        client = mcp.Client(streamable_http_client(server.url, http_client=sender), mode="auto", cache=None)
        async with client as ready:
            yield ready


def _failure(server: Server, wire: Wire, error: BaseException, seconds: float) -> McpError:
    if wire.trouble:
        return McpError(server.hide(wire.trouble))
    if wire.status:
        return McpError(f"Http status code: {wire.status} ({_phrase(wire.status)})", wire.status)
    if isinstance(error, TimeoutError):
        return McpError(f"The server did not answer within {seconds:g} seconds.")
    return McpError("The server does not speak MCP.")


def _line(server: Server, error: mcp.MCPError) -> str:
    """What a server says is wrong, in one line of bounded length."""
    return " ".join(str(server.hide(error.message)).split())[:SHOWN].rstrip(" .:")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _protocol_error(error: BaseException) -> mcp.MCPError | None:
    """The server's own error, however many groups are around it."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := _protocol_error(inner))), None)
    return error if isinstance(error, mcp.MCPError) else None


def _tool(tool: Any) -> Object:
    told = tool.annotations.model_dump(by_alias=True, exclude_none=True) if tool.annotations else None
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.input_schema,
        "annotations": told,
    }


def _arguments(text: str) -> Object | None:
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _text(given: Any) -> str:
    """The texts of a result, one below the other; other content, or structured content alone, as JSON."""
    parts = [
        part.text if part.type == "text" else part.model_dump_json(by_alias=True, exclude_none=True)
        for part in given.content
    ]
    if not parts and given.structured_content is not None:
        return orjson.dumps(given.structured_content).decode()
    return "\n".join(parts)


class _Quiet(logging.Filter):
    """Lets nothing through that the libraries log of a call: it could hold a header."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _calling.get()


_QUIET = _Quiet()


def _hush() -> None:
    """Keep the libraries' own log silent during calls; a call anybody else makes is logged as before."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in LIBRARIES and isinstance(logger, logging.Logger):
            logger.addFilter(_QUIET)
