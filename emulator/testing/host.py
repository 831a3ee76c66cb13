"""The server that a test talks to: one of its own in a thread, or one that runs elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from emulator.core.collector import kept_still
from emulator.settings import TABLE, Settings, SettingsError, nearest
from emulator.testing.wire import EmulatorError, Wire

if TYPE_CHECKING:
    from emulator.server import ThreadedServer

ANY_KEY = "emulator"


class Host:
    """A server by its `url`, or with these settings; started when it is first asked, and stopped by `stop`."""

    def __init__(
        self, url: str | None, api_key: str | None, settings: Mapping[str, Any], authority: str | Path | None = None
    ) -> None:
        """Raises EmulatorError for a setting that does not exist, or one that a running server cannot take."""
        if url is not None and settings:
            raise EmulatorError(f"{', '.join(settings)}: these are settled where the server at {url} was started")
        self._settings = _settings(settings)
        keys = self._settings.api_keys
        self.api_key = api_key or (keys[0] if keys else ANY_KEY)
        self._thread: ThreadedServer | None = None
        self._given = url
        self.authority = Path(authority) if authority else None
        self.wire: Wire | None = None
        self.clients: WeakSet[Any] = WeakSet()

    def start(self) -> Wire:
        """The wire to the server, which answers from now on; raises EmulatorError."""
        if self.wire is None:
            self.wire = Wire(self._given or self._started(), self.api_key, self.authority)
        return self.wire

    def stop(self) -> None:
        """Close the clients that are still open, then what was started here with its streams; again is no harm."""
        for client in list(self.clients):
            client.close()
        if self.wire is not None:
            self.wire.close()
        thread, self._thread, self.wire = self._thread, None, None
        if thread is not None:
            thread.stop()

    @kept_still()
    def _started(self) -> str:
        from emulator.sandbox.execution import SandboxUnavailable
        from emulator.script.node import FixtureError
        from emulator.server import ThreadedServer, TlsError
        from emulator.store.engine import StoreError

        thread = ThreadedServer(self._settings)
        try:
            thread.__enter__()
        except (FixtureError, SandboxUnavailable, SettingsError, StoreError, TlsError) as error:
            raise EmulatorError(str(error)) from error
        self._thread = thread
        self.authority = thread.authority
        return thread.url


def _settings(given: Mapping[str, Any]) -> Settings:
    """Settings from Python values, or from text as a flag takes it."""
    values = {}
    for name, value in given.items():
        if name not in TABLE:
            raise EmulatorError(f"there is no setting {name!r}{nearest(name, TABLE)}")
        try:
            values[name] = TABLE[name].parse(value) if isinstance(value, str) else value
        except ValueError as error:
            raise EmulatorError(f"{name}: {value!r} {error}") from None
    for name in ("api_keys", "deployments", "allowed_hosts"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    return Settings(**values)
