"""The only reader of time and the only sleeper; a clock can be real, offset or frozen, and moved while others wait."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress


def monotonic() -> float:
    """Seconds of the machine's steady clock, for measuring how long something took; never an event's time."""
    return time.monotonic()


def machine_time() -> float:
    """Seconds since 1970 of the machine, for leases that several servers look at; never an event's time."""
    return time.time()


class Clock:
    """Seconds since 1970 as a namespace sees them: `real`, at an `offset` from its base, or `frozen`.

    Its base is the machine's clock, or another `Clock` that is moved with all that stand on it. It may be moved from
    any thread; whoever sleeps on it then looks at it again, so a moved clock is right at once.
    """

    def __init__(self, now: float | None = None, base: "Clock | None" = None) -> None:
        """A real clock; with `now`, one frozen at that second."""
        self._offset = 0.0
        self._frozen = now
        self._base = base
        # Clocks that stand on one another wake the same sleepers, who look whether it concerns them.
        self._sleepers: _Sleepers = base._sleepers if base else _Sleepers()

    @property
    def ground(self) -> "Clock":
        """The clock at the bottom: what a namespace does to its own does not move it."""
        return self._base.ground if self._base else self

    @property
    def mode(self) -> str:
        """`real`, `offset` or `frozen`."""
        if self._frozen is not None:
            return "frozen"
        return "offset" if self._offset else "real"

    @property
    def at(self) -> float:
        """What a store keeps with the mode: the second it is frozen at, else the offset."""
        return self._offset if self._frozen is None else self._frozen

    @property
    def _ticking(self) -> bool:
        return self._frozen is None and (self._base is None or self._base._ticking)

    def now(self) -> float:
        """The time in seconds since 1970."""
        if self._frozen is not None:
            return self._frozen
        return (self._base.now() if self._base else time.time()) + self._offset

    def set(self, mode: str, at: float) -> None:
        """Become what a store kept: a mode with its `at`. Wakes everyone who sleeps."""
        self._frozen = at if mode == "frozen" else None
        self._offset = at if mode == "offset" else 0.0
        self._sleepers.wake()

    def advance(self, seconds: float) -> None:
        """Move the clock forward (never back) and wake everyone who sleeps on it."""
        if seconds < 0:
            raise ValueError("a clock moves forward only")
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds
        self._sleepers.wake()

    async def sleep_until(self, when: float) -> None:
        """Return once this clock shows `when` or later."""
        while self.now() < when:
            with self._sleepers.sleeping() as moved, suppress(TimeoutError):
                left = when - self.now()  # looked at again: it may have been moved before we could be woken
                if left > 0:
                    # Without a time of its own a frozen clock only moves when it is moved.
                    await asyncio.wait_for(moved.wait(), left if self._ticking else None)


class _Sleepers:
    """Who sleeps, on which loop; waking is safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @contextmanager
    def sleeping(self) -> Iterator[asyncio.Event]:
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._events.add(sleeper)
        try:
            yield sleeper[1]
        finally:
            with self._lock:
                self._events.discard(sleeper)

    def wake(self) -> None:
        with self._lock:
            sleepers = tuple(self._events)
        for loop, event in sleepers:
            loop.call_soon_threadsafe(event.set)


async def real_seconds(seconds: float) -> None:
    """Sleep by the machine's clock, for what no namespace's clock governs: other servers, sockets."""
    await asyncio.sleep(seconds)


async def breathe() -> None:
    """Let the other tasks of the loop run once."""
    await asyncio.sleep(0)


async def first_of(*waits: Awaitable[object]) -> None:
    """Return when the first of several waits is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
