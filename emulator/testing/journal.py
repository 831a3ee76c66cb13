"""What a namespace was asked, and whether that is what a test expects; it counts nothing itself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from emulator.core.records import dataclass
from emulator.settings import duration
from emulator.testing.wire import PATIENCE, EmulatorError

Duration = timedelta | str | float


class SeenRequest:
    """One request of the journal with its answer; `data` is the whole entry, and its keys are attributes."""

    number: int
    method: str
    path: str
    status: int | None
    model: str | None
    fixture: str | None
    fault: str | None
    response_id: str | None
    body: Any
    answer: Any
    error: str | None

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = dict(data)

    def __repr__(self) -> str:
        return f"<{self.line}>"

    def __getattr__(self, name: str) -> Any:
        data: dict[str, Any] = self.__dict__["data"]
        if name not in data:
            raise AttributeError(f"an entry of the journal has no {name!r}, only {', '.join(data)}")
        return data[name]

    @property
    def line(self) -> str:
        """Method, path and status, and what became of it, in one line."""
        told = [f"{self.method} {self.path} {self.status or 'without an answer'}"]
        told += [f"{key}={self.data[key]!r}" for key in ("fixture", "fault") if self.data.get(key)]
        told += ["by the built-in model"] * bool(self.data.get("unmatched") and not self.error)
        return " ".join(told)

    @property
    def near_miss(self) -> str | None:
        """Why no fixture matched, where the request was refused for that."""
        if self.error != "fixture_not_found" or not isinstance(self.answer, dict):
            return None
        message: str = self.answer["error"]["message"]
        return message


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether as many requests matched as expected, how many did, and if not the nearest ones."""

    passed: bool
    count: int
    nearest: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return self.passed


class Journal:
    """The journal of a namespace."""

    def _ask(self, method: str, path: str, body: Any = None, patience: float = PATIENCE) -> Any:
        raise NotImplementedError

    @property
    def requests(self) -> list[SeenRequest]:
        """All requests that the journal has, the newest first."""
        return self._requests(1_000)

    @property
    def last_request(self) -> SeenRequest | None:
        """The newest request; None where there was none."""
        return next(iter(self._requests(1)), None)

    def verify(
        self, match: Mapping[str, Any] | None = None, *, within: Duration | None = None, **expected: int | None
    ) -> Verified:
        """Count the creates that match (a fixture's `when`); `expected` is exactly, at_least (1) or at_most.

        `within`, such as `2s`, waits until it is so. Raises EmulatorError for a condition that does not exist.
        """
        body = {"match": dict(match or {}), **{key: count for key, count in expected.items() if count is not None}}
        seconds = 0.0
        if within is not None:
            seconds = within.total_seconds() if isinstance(within, timedelta) else duration(str(within))
            body["within"] = seconds
        answer = self._ask("POST", "/verify", body, PATIENCE + seconds)
        return Verified(answer["passed"], answer["count"], answer["nearest"])

    def assert_called(
        self, match: Mapping[str, Any] | None = None, *, within: Duration | None = None, **expected: int | None
    ) -> None:
        """As `verify`, but raises AssertionError with the nearest requests where it is not so."""
        found = self.verify(match, within=within, **expected)
        if not found:
            wanted = " ".join(f"{key} {count}" for key, count in expected.items()).replace("_", " ") or "at least 1"
            line = f"expected {wanted} of the requests that match {dict(match or {})}, found {found.count}"
            raise AssertionError("\n".join([line, *map(_near, found.nearest)]))

    def report(self, most: int = 20) -> str:
        """The newest requests, the oldest of them first, and why no fixture matched; for who reads a failed test."""
        try:
            seen = self._requests(most)
        except EmulatorError as error:
            return f"the journal cannot be read: {error}"
        return "\n".join(line for one in reversed(seen) for line in (one.line, one.near_miss) if line)

    def _requests(self, most: int) -> list[SeenRequest]:
        return [SeenRequest(row) for row in self._ask("GET", f"/requests?limit={most}")["data"]]


def _near(row: Mapping[str, Any]) -> str:
    """A request that nearly matched, or that should not have: with what each condition wanted and got."""
    told = [
        f"{one['key']} wanted {one['wanted']!r}, got {one['got']!r}" for one in row["conditions"] if not one["held"]
    ]
    return f"  {row['method']} {row['path']} {row['status']}: {'; '.join(told) or 'matched'}"
