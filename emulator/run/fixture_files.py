"""The fixtures of a file or folder, read again when it changes; it matches none and looks no faster than asked."""

import logging
from pathlib import Path

from emulator.script.fixture import FixtureError
from emulator.script.load import files_of, load_fixtures
from emulator.script.order import Fixtures, ordered

EVERY = 1.0  # seconds between two looks at the files
Stamp = dict[str, tuple[int, int, int]]
_log = logging.getLogger("emulator")


class FixtureFiles:
    """`fixtures` are the last good ones, in order of precedence; `error` says what is wrong with the files now."""

    def __init__(self, path: Path | None) -> None:
        """Read them; raises FixtureError. No path: there are none."""
        self.path = path
        self.error: str | None = None
        self._stamp = self._seen()
        self._looked = float("-inf")
        self.fixtures = ordered(load_fixtures(path)) if path else Fixtures()

    def look(self, now: float) -> None:
        """Read the files again if they have changed; at most once a second of `now`.

        A broken edit keeps the last good fixtures and says so on stderr, once.
        """
        if self.path is None or now - self._looked < EVERY:
            return
        self._looked = now
        seen = self._seen()
        if seen == self._stamp:
            return
        self._stamp = seen
        try:
            self.fixtures = ordered(load_fixtures(self.path))
            self.error = None
            _log.info("%s: %d fixtures are read again", self.path, len(self.fixtures))
        except FixtureError as error:
            self.error = str(error)
            _log.warning("%s; the last good fixtures stay", error)

    def _seen(self) -> Stamp:
        """What tells one state of the files from another."""
        if self.path is None:
            return {}
        try:
            found = {str(file): file.stat() for file in files_of(self.path)}
        except OSError:
            return {}
        return {name: (stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in found.items()}
