"""Runs code for a server, one confined process a session; two sessions share nothing, and it knows no container.

It runs nothing where the kernel cannot confine: `Sandbox.start` refuses then, and there is no other way to run code.
"""

import asyncio
import os
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import Self

from emulator.sandbox.execution import Execution, Limits, SandboxUnavailable
from emulator.sandbox.filter import MACHINES
from emulator.sandbox.probe import ATTEMPTS
from emulator.sandbox.session import Session

MOST_SESSIONS = 8
MEND = "leave --code-interpreter scripted, or see docs/how-to/code-interpreter.md for what it needs"


class Sandbox:
    """The sessions of one server, at most `most` at once: one more takes the place of the one idle for longest."""

    def __init__(self, limits: Limits, most: int = MOST_SESSIONS) -> None:
        """Made by `start`, which tries first whether the sandbox holds."""
        self._limits = limits
        self._most = most
        self._free = asyncio.Semaphore(most)
        self._sessions: OrderedDict[str, Session] = OrderedDict()  # the longest unused first

    @classmethod
    async def start(cls, limits: Limits | None = None, most: int = MOST_SESSIONS) -> Self:
        """A sandbox that was tried; raises SandboxUnavailable with one line that says why not and how to mend it."""
        if sys.platform != "linux" or os.uname().machine not in MACHINES:
            raise SandboxUnavailable(f"code can be run safely on Linux only (x86_64, aarch64): {MEND}")
        sandbox = cls(limits or Limits(), most)
        try:
            await sandbox._probe()
        except BaseException:
            await sandbox.close()
            raise
        await sandbox.drop("probe")
        return sandbox

    async def run(
        self, session: str, code: str, files: Mapping[str, bytes] | None = None, *, seconds: float | None = None
    ) -> Execution:
        """Run code in a session, with these files (all that its container has) under /mnt/data.

        `seconds` may shorten the time that the limits give. Two runs of one session wait for each other. Raises
        ValueError for a name that is no path below a folder.
        """
        longest = min(seconds or self._limits.seconds, self._limits.seconds)
        async with self._free:
            while True:
                found = self._sessions.get(session)
                if found is None:
                    found = self._sessions[session] = Session(self._limits)
                    await self._make_room(found)
                async with found.lock:
                    if self._sessions.get(session) is found:  # not dropped while we waited
                        self._sessions.move_to_end(session)
                        return await found.run(code, files or {}, longest)

    async def drop(self, session: str) -> None:
        """End a session, with the run that is under way in it, and forget its variables and files; unknown ones too."""
        found = self._sessions.pop(session, None)
        if found is not None:
            await found.close()

    async def close(self) -> None:
        """End every session at once."""
        await asyncio.gather(*map(self.drop, list(self._sessions)))

    async def _make_room(self, new: Session) -> None:
        """Drop the longest unused while there are too many; those that run are fewer than the limit."""
        while len(self._sessions) > self._most:
            idle = (name for name, one in self._sessions.items() if one is not new and not one.lock.locked())
            await self.drop(next(idle))

    async def _probe(self) -> None:
        """Try in it what must not work."""
        with tempfile.NamedTemporaryFile() as outside:
            outside.write(b"outside")
            outside.flush()
            try:
                tried = await self.run("probe", f"OUTSIDE = {outside.name!r}\n{ATTEMPTS}")
            except SandboxUnavailable as error:
                raise SandboxUnavailable(f"code cannot be run safely here: {error}: {MEND}") from error
        if tried.ended != "completed" or tried.logs:
            told = "; ".join(tried.logs.split("\n")).strip("; ") or "its process ended"
            raise SandboxUnavailable(f"the sandbox does not hold here: {told}: {MEND}")
