"""The outermost layer: namespace, dialect, credentials, error bodies and headers of each request; decides no answer.

Pure ASGI: one `BaseHTTPMiddleware` would cost two thirds of the speed. The prefixes of namespace and dialect go into
`root_path` and the path stays whole, so URLs that the app makes stay right.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.api.auth import access_token, check_credentials, masked, refuse_keys
from emulator.api.call import Call
from emulator.api.guard import check_control
from emulator.api.head import MODEL_ANSWERS, Head
from emulator.api.wire import EXTENSION
from emulator.core.access import check_roles, check_times
from emulator.core.clock import monotonic
from emulator.core.dialects import OPENAI, Dialect, choose
from emulator.core.errors import ApiError
from emulator.core.ids import Ids
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.readings import configured
from emulator.run.entry import Seen
from emulator.run.issuer import Issuer
from emulator.run.journal import Journal
from emulator.run.namespace import Namespace
from emulator.settings import Settings
from emulator.store.engine import StoreBusy

CONTROL = "/_emulator"
DEFAULT_NAMESPACE = "default"
LONGEST_WARNING = 2_000
_IN_PATH = lazy_pattern(r"^/ns/([^/]*)(?=/|$)")
_NAME = lazy_pattern(r"^[A-Za-z0-9._-]{1,64}$")
_SLASHES = lazy_pattern(r"/{2,}")
_VERSION = lazy_pattern(rb"(?:^|&)api-version=([^&]*)")
_KNOWN_VERSION = lazy_pattern(rb"|v1|latest|preview|20\d\d-\d\d-\d\d(-preview)?")
_UNPRINTABLE = lazy_pattern(r"[^ -~]")
_log = logging.getLogger("emulator")


class Door:
    """Wraps the app; `open_namespace` gives the namespace of a name, `journal` takes note of every request.

    With an `issuer`, access tokens are checked to be its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        ids: Ids,
        open_namespace: Callable[[str], Awaitable[Namespace]],
        journal: Journal,
        issuer: Issuer | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._head = Head(settings.region)
        self._dialects = configured(settings)
        self._ids = ids
        self._open = open_namespace
        self._journal = journal
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in; whatever goes wrong behind is answered here, as JSON and without a traceback."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._head, self._ids, self._journal, scope, send)
        try:
            await self._enter(scope, visit)
            await self._app(scope, receive, visit.send)
        except ApiError as error:
            await visit.refuse(error)
        except ClientDisconnect:
            return  # nobody is left to answer
        except StoreBusy:
            await visit.refuse(ApiError("store_busy", headers={"retry-after": "1"}))
        except HTTPException as error:  # what the router says of a path or a method that it does not have
            await visit.refuse(_not_routed(error, scope))
        except Exception:  # noqa: BLE001 (the server's boundary)
            # A bug is logged for us, and the client gets the service's own 500.
            _log.exception("request %s failed", visit.request_id)
            await visit.refuse(ApiError("server_error"))
        finally:
            visit.leave(disconnected=True)

    def _check_version(self, query: bytes, visit: "_Visit") -> None:
        """Any api-version is served; one that is of no known form is named, or refused where validation is strict."""
        found = _VERSION.search(query)
        if found and not _KNOWN_VERSION.fullmatch(found.group(1)):
            got = found.group(1)[:40].decode("latin-1")
            if self._settings.validation == "strict":
                raise ApiError("bad_api_version", got=got)
            visit.warnings.append(f"unknown_api_version: {got}")

    async def _admit(
        self, issuer: Issuer, headers: Mapping[str, str], name: str, asked: tuple[str, str]
    ) -> Namespace | None:
        """Check an access token, by the clock of its namespace, which is returned; or what else came as a key."""
        settings = self._settings
        token = access_token(headers, settings.api_keys)
        if token is None:
            if settings.entra == "only":
                refuse_keys(headers)
            check_credentials(headers, settings.api_keys)
            return None
        shown = masked(token)
        claims = await issuer.read(token, settings.entra_tenant, shown)  # first: a stranger opens no namespace
        namespace = await self._open(name)
        check_times(claims, namespace.clock.now(), shown)
        check_roles(claims, *asked)
        return namespace

    async def _enter(self, scope: Scope, visit: "_Visit") -> None:
        path = scope["path"]
        headers = visit.headers = _headers(scope)
        name, prefix = _namespace(path, headers)
        inner = path[len(prefix) :]
        if "//" in inner or (inner.endswith("/") and inner != "/"):
            inner = _SLASHES.sub("/", inner).rstrip("/") or "/"
            scope["path"] = prefix + inner
        namespace = None
        if inner == CONTROL or inner.startswith(CONTROL + "/"):
            check_control(scope, inner, headers, self._settings)
            scope["root_path"] = scope.get("root_path", "") + prefix
            await self._journal.flush()  # whoever reads or empties it finds all that was answered before
        else:
            found = choose(inner)
            visit.look(scope, name, prefix, inner, found[0] if found else "")
            if name == DEFAULT_NAMESPACE:  # it is there from the first request on, even one that is refused
                namespace = await self._open(name)
            if found is None:
                raise ApiError("bad_path", method=scope["method"], path=path)
            visit.dialect = self._dialects[found[1].name]
            scope["root_path"] = scope.get("root_path", "") + prefix + found[0]
            if self._issuer is None:
                check_credentials(headers, self._settings.api_keys)
            else:
                namespace = await self._admit(self._issuer, headers, name, (scope["method"], inner[len(found[0]) :]))
            self._check_version(scope["query_string"], visit)
        scope["emulator"] = visit.enter(namespace or await self._open(name))


def _not_routed(error: HTTPException, scope: Scope) -> ApiError:
    if error.status_code == 405:
        routes = [route for route in scope["app"].routes if route.matches(scope)[0] is not Match.NONE]
        # The first path is the closest: /responses/compact is one of /responses/{response_id} too.
        allowed = ", ".join(sorted({one for route in routes if route.path == routes[0].path for one in route.methods}))
        return ApiError("bad_method", headers={"allow": allowed}, method=scope["method"], allowed=allowed)
    return ApiError("bad_path", method=scope["method"], path=scope["path"])


def _headers(scope: Scope) -> dict[str, str]:
    """The headers of a request; of a name that comes twice the first counts."""
    raw: Sequence[tuple[bytes, bytes]] = scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}


def _namespace(path: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """The namespace's name and what of the path named it."""
    found = _IN_PATH.match(path)
    name = found.group(1) if found else headers.get("x-emulator-namespace", DEFAULT_NAMESPACE)
    if not _NAME.match(name):
        raise ApiError("bad_namespace", name=name)
    return name, found.group(0) if found else ""


class _Visit:
    """One request's own side of the door: its id, its dialect so far, and the headers of its answer."""

    __slots__ = (
        "_head",
        "_journal",
        "_scope",
        "_seen",
        "_send",
        "_transport",
        "asks_model",
        "began",
        "dialect",
        "headers",
        "request_id",
        "started",
        "warnings",
    )

    def __init__(self, head: Head, ids: Ids, journal: Journal, scope: Scope, send: Send) -> None:
        self._head = head
        self._journal = journal
        self._scope = scope
        self._send = send
        self._seen: Seen | None = None
        self._transport: Any = None
        self.began = monotonic()
        self.asks_model = False
        self.dialect: Dialect = OPENAI
        self.headers: Mapping[str, str] = {}
        self.request_id = ids.digits()
        self.warnings: list[str] = []
        self.started = False

    def look(self, scope: Scope, name: str, prefix: str, inner: str, base: str) -> None:
        """Take note of a request to the API, whatever becomes of it."""
        self._transport = (scope.get("extensions") or {}).get(EXTENSION, {}).get("transport")
        self._seen = Seen(
            namespace=name,
            method=scope["method"],
            base=prefix + base,
            path=inner[len(base) :] or "/",
            query=scope["query_string"],
            headers=scope["headers"],
            began=self.began,
        )
        self.asks_model = self._seen.method == "POST" and self._seen.path == "/responses"

    def enter(self, namespace: Namespace) -> Call:
        """The request is in: what becomes of it is told by its call."""
        call = Call(namespace, self.dialect, self.request_id, self.headers, self.warnings)
        if self._seen:
            self._seen.told = call
            self._seen.at = namespace.clock.now()
        return call

    def leave(self, *, disconnected: bool) -> None:
        """Record the request, once; the journal has it before the client has the end of the answer."""
        if self._seen:
            self._seen.end(monotonic(), disconnected=disconnected)
            self._journal.record(self._seen)
            self._seen = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            if self._seen:
                self._seen.start(message["status"], message["headers"])
            message["headers"] = [*message["headers"], *self._headers(message["status"])]
        elif self._seen and message["type"] == "http.response.body":
            self._seen.take(message.get("body", b""))
            if not message.get("more_body", False):
                self.leave(disconnected=self._transport is not None and self._transport.is_closing())
        await self._send(message)

    async def refuse(self, error: ApiError) -> None:
        if self.started:  # the answer is under way: all that is left is to cut it, so that nobody takes it for whole
            self._cut()
            return
        if self._seen and self._seen.told and error.fixture:
            self._seen.told.fixture = error.fixture
        status, body = self.dialect.render(error)
        self.asks_model = self.asks_model and self.dialect.row(error).envelope == "model"
        content = orjson.dumps(body, default=str)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            *((name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content})

    def _cut(self) -> None:
        wire = self._scope.get("extensions", {}).get("emulator.transport")
        if wire is None:
            raise RuntimeError("an answer broke off, and there is no connection to cut")
        wire["transport"].abort()

    def _headers(self, status: int) -> list[tuple[bytes, bytes]]:
        secure = self._scope.get("scheme") == "https"
        headers = self._head.of(self.dialect, self.request_id, began=self.began, asked=self.headers, secure=secure)
        if self.asks_model and status in MODEL_ANSWERS:
            headers += self.dialect.model_headers
        if self.warnings:
            headers.append((b"x-emulator-warning", _printable("; ".join(self.warnings))))
        return headers


def _printable(text: str) -> bytes:
    """A header value: one line of ASCII, whatever the client wrote."""
    return _UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], text).encode()[:LONGEST_WARNING]
