"""create_app(settings): the only wiring. Routes, store, clock and namespaces meet here; nothing is decided here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.api.call import Endpoint
from emulator.api.door import CONTROL, Door
from emulator.api.faults import Faults
from emulator.api.queries import KNOWN, check_query
from emulator.api.routes import ROUTES, endpoint
from emulator.core.clock import Clock, monotonic
from emulator.core.ids import Ids
from emulator.run.fixture_files import FixtureFiles
from emulator.run.issuer import Issuer
from emulator.run.journal import Journal
from emulator.run.namespaces import Namespaces
from emulator.run.sweep import sweep_for_ever
from emulator.run.tokenizer import check_tokens
from emulator.run.webhooks import check_setting
from emulator.settings import Settings
from emulator.store.engine import Store

if TYPE_CHECKING:
    from emulator.sandbox.room import Sandbox

# What nearly every test asks is loaded before the first request.
LOADED = ("responses.create", "scripts.add", "steer.clock")


class World:
    """Everything that one server owns: its store, clock, ids, fixtures and open namespaces."""

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        """Read the fixtures and open the store; raises FixtureError, StoreError or SettingsError."""
        check_tokens(settings.tokens)
        check_setting(settings)
        self.settings = settings
        self.clock = clock or Clock()
        fixtures = FixtureFiles(settings.fixtures)
        self.store = Store(settings.db)
        self.namespaces = Namespaces(settings, self.store, self.clock, ids or Ids())
        self.namespaces.files = fixtures
        self.journal = Journal(self.store, self.clock, self.namespaces.tally)
        self.issuer = Issuer(self.store)
        self.ready = False

    @property
    def sandbox(self) -> "Sandbox | None":
        """Where code is really run, while requests are served and the settings say so."""
        return self.namespaces.sandbox

    def stop(self) -> None:
        """End every open stream."""
        self.namespaces.stopping.set()

    def waiting_for(self) -> list[str]:
        """What is not ready yet."""
        return [] if self.ready and not self.namespaces.stopping.is_set() else ["start"]

    @asynccontextmanager
    async def serving(self, _: Starlette) -> AsyncIterator[None]:
        """Sweep while requests are served; at the end every stream ends, then the store closes.

        Raises SandboxUnavailable where code is to be run and cannot be.
        """
        sweeper = asyncio.create_task(sweep_for_ever(self.namespaces))
        try:
            if self.settings.code_interpreter == "sandbox":
                from emulator.sandbox.room import Sandbox

                self.namespaces.sandbox = await Sandbox.start()
            self.ready = True
            yield
        finally:
            self.ready = False
            self.stop()
            sweeper.cancel()
            await asyncio.gather(sweeper, self.namespaces.end_work(), return_exceptions=True)
            self.namespaces.documents.stop()
            if self.sandbox is not None:
                await self.sandbox.close()
                self.namespaces.sandbox = None
            await self.journal.stop()
            await self.store.close()


class EmulatorApp(Starlette):
    """A Starlette app with the door as its only layer: it renders every error itself."""

    door: Callable[[ASGIApp], ASGIApp]

    def build_middleware_stack(self) -> ASGIApp:
        """The door, the faults, and behind them the routes."""
        return self.door(Faults(_routed(self.router)))


def _routed(router: Router) -> ASGIApp:
    """The way to the endpoints: a table for paths without parameters, the router for all else (docs/decisions/0007)."""
    plain = {(method, path): (name, _known(method, path)) for method, path, name in ROUTES if "{" not in path}

    @cache
    def fill() -> None:  # a hundred expressions, made when the first of them is needed
        router.routes.extend([Route(path, _checked(way, path, name), methods=[way]) for way, path, name in ROUTES])

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http":
            found = plain.get((scope["method"], scope["path"].removeprefix(scope["root_path"])))
            if found is None:
                fill()
        if found is None:
            await router(scope, receive, send)
            return
        name, known = found
        if scope["query_string"] and known is not None:
            check_query(scope, known)
        response = await endpoint(name)(Request(scope, receive, send))
        await response(scope, receive, send)

    return route


def _known(method: str, path: str) -> Collection[str] | None:
    """The query parameters that are looked for on the way to an endpoint; the emulator's own look at theirs."""
    return None if path.startswith(CONTROL) else KNOWN.get((method, path), ())


def _checked(method: str, path: str, name: str) -> Endpoint:
    """The endpoint, after a look at its query."""
    known = _known(method, path)

    async def checked(request: Request) -> Response:
        if known is not None and request.scope["query_string"]:
            check_query(request.scope, known)
        return await endpoint(name)(request)

    return checked


def create_app(settings: Settings | None = None, *, clock: Clock | None = None, ids: Ids | None = None) -> Starlette:
    """An ASGI app that emulates the Responses API; `clock` and `ids` are handed in by tests.

    `app.state.stop()` ends every open stream; call it on the loop's thread before the server shuts down. Raises
    FixtureError, StoreError, or SettingsError for a setting that cannot be had here.
    """
    world = World(settings or Settings(), clock, ids)
    for name in LOADED:
        endpoint(name)
    app = EmulatorApp(lifespan=world.serving)
    app.router.redirect_slashes = False
    issuer = None if world.settings.entra == "off" else world.issuer
    app.door = lambda inner: Door(
        inner, world.settings, world.namespaces.ids, world.namespaces.open, world.journal, issuer
    )
    app.state.stop = world.stop
    app.state.started = monotonic()
    app.state.not_ready = world.waiting_for
    app.state.namespaces = world.namespaces
    app.state.journal = world.journal
    app.state.issuer = world.issuer
    return app
