"""The clock of a namespace, read and moved over HTTP; it keeps no time itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Moment = datetime | str | float
Duration = timedelta | str | float
Ask = Callable[..., Any]


class NamespaceClock:
    """Real, at an offset or frozen; whatever falls due by a move has happened when the call returns."""

    def __init__(self, ask: Ask) -> None:
        """`ask(method, path, body)` reaches the control endpoints of one namespace."""
        self._ask = ask

    @property
    def now(self) -> float:
        """The time in seconds since 1970, as `created_at` counts it."""
        return float(self._ask("GET", "/clock")["now"])

    @property
    def mode(self) -> str:
        """`real`, `offset` or `frozen`."""
        return str(self._ask("GET", "/clock")["mode"])

    def freeze(self, at: Moment | None = None) -> float:
        """Stop the clock, now or at a moment; returns its time."""
        return self._move(mode="frozen", **({} if at is None else {"now": seconds_of(at)}))

    def set(self, at: Moment) -> float:
        """Show this moment and run on, or stay there if the clock is frozen; returns its time."""
        return self._move(now=seconds_of(at))

    def advance(self, by: Duration) -> float:
        """Move forward by `31d`, `90s`, seconds or a timedelta, and settle all that falls due; returns the time."""
        return self._move(advance=by.total_seconds() if isinstance(by, timedelta) else by)

    def real(self) -> float:
        """Go with the machine's clock again; returns the time."""
        return self._move(mode="real")

    def _move(self, **body: Any) -> float:
        return float(self._ask("POST", "/clock", body)["now"])


def seconds_of(moment: Moment) -> float:
    """Seconds since 1970 of a number, a datetime or ISO 8601 text; without a zone it is UTC. Raises ValueError."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment)
