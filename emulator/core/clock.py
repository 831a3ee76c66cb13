"""The only reader of time and the only sleeper; a clock can be real, offset or frozen, and moved while others wait."""

import asyncio
import threading
import time
from collections.abc import Awaitable


def monotonic() -> float:
    """Seconds of the machine's steady clock, for measuring how long something took; never an event's time."""
    return time.monotonic()


class Clock:
    """Seconds since 1970 as a namespace sees them.

    `advance` and `freeze` may be called from any thread; whoever sleeps on this clock then looks at it again, so a
    moved clock is right at once.
    """

    def __init__(self, now: float | None = None) -> None:
        """A real clock; with `now`, one frozen at that second."""
        self._offset = 0.0
        self._frozen = now
        self._lock = threading.Lock()
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def now(self) -> float:
        """The time in seconds since 1970."""
        frozen = self._frozen
        return time.time() + self._offset if frozen is None else frozen

    def advance(self, seconds: float) -> None:
        """Move the clock forward (never back) and wake everyone who sleeps on it."""
        if seconds < 0:
            raise ValueError("a clock moves forward only")
        with self._lock:
            if self._frozen is None:
                self._offset += seconds
            else:
                self._frozen += seconds
            sleepers = tuple(self._sleepers)
        for loop, event in sleepers:
            loop.call_soon_threadsafe(event.set)

    async def sleep_until(self, when: float) -> None:
        """Return once this clock shows `when` or later."""
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        while self.now() < when:
            with self._lock:
                self._sleepers.add(sleeper)
            try:
                left = when - self.now()  # looked at again: it may have been moved before we could be woken
                if left > 0:
                    # Without a time of its own a frozen clock only moves by `advance`.
                    await asyncio.wait_for(sleeper[1].wait(), left if self._frozen is None else None)
            except TimeoutError:
                pass
            finally:
                sleeper[1].clear()
                with self._lock:
                    self._sleepers.discard(sleeper)


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
