"""Emulator: one namespace of one server, from Python; all it does goes over HTTP, so a server elsewhere will do too."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.core.access import AUDIENCES
from emulator.core.ids import Ids
from emulator.testing.clients import Clients
from emulator.testing.clock import Moment, NamespaceClock
from emulator.testing.host import Host
from emulator.testing.journal import Journal
from emulator.testing.scripts import Scripts, Source
from emulator.testing.steering import BackgroundResponses, Faults, Webhooks
from emulator.testing.wire import PATIENCE, EmulatorError, Wire

FROZEN = "frozen"


class Emulator(Clients, Scripts, Journal):
    """An emulator for a test, `with Emulator() as emulator:` or `async with` (docs/reference/python.md).

    It starts a server in a thread, or talks to the one at `url`, and uses a namespace of its own, with a new name
    unless `namespace` names one. `fixtures` is a file, a folder, one fixture or a list; `unmatched` is `answer` or
    `reject`; `clock` is `frozen`, or a moment to freeze it at. `options` are `url`, `namespace`, `api_key`, `authority`
    (a file with what to trust at an https `url`), and for a server of its own every setting of
    `responses-emulator serve` by its name: `retention="1d"`.
    """

    def __init__(
        self,
        fixtures: Source | None = None,
        *,
        unmatched: str | None = None,
        clock: Moment | None = None,
        **options: Any,
    ) -> None:
        """Nothing is started yet; raises EmulatorError for an option that does not exist."""
        self.name: str = options.pop("namespace", None) or new_name()
        shared: Host | None = options.pop("host", None)
        self._owned = shared is None
        url, api_key = options.pop("url", None), options.pop("api_key", None)
        authority = options.pop("authority", None)
        if shared and options:
            raise EmulatorError(f"{', '.join(options)}: a namespace has fixtures, unmatched and clock of its own")
        if self._owned and url is None:  # then what can be a setting is one, and holds for all namespaces
            if isinstance(fixtures, str | Path):
                options["fixtures"], fixtures = Path(fixtures), None
            if unmatched is not None:
                options["unmatched"], unmatched = unmatched, None
        self._host = shared or Host(url, api_key, options, authority)
        self._setup = (fixtures, unmatched, clock)
        self._opened = []
        self._wire: Wire | None = None
        self.api_key = self._host.api_key
        self.clock = NamespaceClock(self._ask)
        self.faults = Faults(self._ask)
        self.webhooks = Webhooks(self._ask)
        self.responses = BackgroundResponses(self._ask)

    def __repr__(self) -> str:
        return f"<Emulator {self.name!r} at {self._wire.url if self._wire else 'no server yet'}>"

    @property
    def url(self) -> str:
        """The server's address, without a path; raises EmulatorError before it is started."""
        return self._started().url

    @property
    def root(self) -> str:
        """The namespace's address, in front of every path of the API."""
        return f"{self.url}/ns/{self.name}"

    def start(self) -> Self:
        """Start the server if it is this emulator's own, and set the namespace up; raises EmulatorError."""
        if self._wire is not None:
            return self
        self._wire = self._host.start()
        fixtures, unmatched, clock = self._setup
        try:
            self.set_up(fixtures=fixtures, unmatched=unmatched, clock=clock)
        except BaseException:
            self.stop()
            raise
        return self

    def set_up(
        self, *, fixtures: Source | None = None, unmatched: str | None = None, clock: Moment | None = None
    ) -> None:
        """Add fixtures, say what becomes of requests that match none, freeze the clock: whatever is given."""
        if fixtures is not None:
            self.add_fixtures(fixtures)
        if unmatched is not None:
            self.unmatched(unmatched)
        if clock is not None:
            self.clock.freeze(None if clock == FROZEN else clock)

    def stop(self) -> None:
        """Close the clients and, if it is this emulator's own, the server with its streams; again is no harm."""
        while self._opened:
            self._opened.pop().close()
        if self._owned:
            self._wire = None
            self._host.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def namespace(self, name: str | None = None, **setup: Any) -> "Emulator":
        """Another namespace of the same server, with a new name unless one is given; `setup` as for Emulator.

        It is started; `with` or `stop` close its clients.
        """
        return Emulator(host=self._host, namespace=name, **setup).start()

    def unmatched(self, what: str) -> None:
        """Where no fixture matches: `answer` lets the built-in model answer, `reject` is 404 fixture_not_found."""
        self._ask("POST", "/unmatched", {"unmatched": what})

    def limits(self, deployment: str, **per_minute: int) -> None:
        """Limit a deployment: `requests_per_minute`, `tokens_per_minute` or both."""
        self._ask("POST", "/limits", {"deployment": deployment, **per_minute})

    def access_token(self, resource: str = AUDIENCES[0], **asked: str) -> str:
        """A token of the local issuer; `asked` are `roles` (or none), `lifetime` such as 5m, and `client_id`."""
        form = {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": self.api_key}
        path = f"/ns/{self.name}/_emulator/entra/oauth2/v2.0/token"
        answer = self._started().post_form(path, {**form, "scope": f"{resource}/.default", **asked})
        return str(answer["access_token"])

    def seed(self, seed: str | int | None) -> None:
        """Make the ids of this namespace from a seed, from the first one on; None makes them random again."""
        self._ask("POST", "/seed", {"seed": seed})

    def reset(self, scope: str = "all") -> None:
        """Empty this namespace: all, state, fixtures, journal, faults, webhooks or clock."""
        self._ask("POST", "/reset", {"scope": scope})

    def export(self, path: str | Path) -> Path:
        """Write the whole namespace to an archive."""
        self._started().download(f"/ns/{self.name}/_emulator/export", Path(path))
        return Path(path)

    def import_(self, path: str | Path) -> None:
        """Replace this namespace by an archive; all of it or nothing."""
        self._started().upload(f"/ns/{self.name}/_emulator/import", Path(path))

    def _started(self) -> Wire:
        if self._wire is None:
            raise EmulatorError("this emulator is not started: use it as `with Emulator() as emulator:`")
        return self._wire

    def _ask(self, method: str, path: str, body: Any = None, patience: float = PATIENCE) -> Any:
        return self._started().ask(method, f"/ns/{self.name}/_emulator{path}", body, patience)


def new_name() -> str:
    """A name that no other namespace has."""
    return Ids().token("test-", 12)
