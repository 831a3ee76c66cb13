"""One session: a confined process and its folder, run piece by piece; it decides on no other session.

Between runs the process stands still (SIGSTOP), so nothing that was started in one goes on. Whatever is wrong with a
run (too slow, too much, an answer that is none) ends the process; the next run starts another in the same folder.
"""

import asyncio
import base64
import binascii
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import orjson

import emulator
from emulator.core.clock import real_seconds
from emulator.sandbox.execution import NEWEST_LANDLOCK, Ended, Execution, Limits, SandboxUnavailable
from emulator.sandbox.figures import BACKEND
from emulator.sandbox.folder import Folder, Overfull

P = ParamSpec("P")
T = TypeVar("T")

START_SECONDS = 30
LOOK_EVERY = 0.1  # seconds
LONGEST_ANSWER = 64 << 20
PNG = b"\x89PNG\r\n\x1a\n"
ENDINGS = ("completed", "failed", "memory")
ROOT = str(Path(emulator.__file__).parent.parent)
PROGRAM = "import sys; sys.path.insert(0, {root!r}); from emulator.sandbox.worker import main; del sys.path[0]; main()"
ENDED_BEFORE = "[the process of this session had ended: its variables are gone]\n"


class _Broken(Exception):  # noqa: N818 (never leaves this file)
    """The process answered what no honest worker does, or not at all."""


class Session:
    """Runs code in one process at a time; `limits` hold for all of them. `version` is the newest Landlock used."""

    def __init__(self, limits: Limits, version: int = NEWEST_LANDLOCK) -> None:
        self._limits = limits
        self._version = version
        self._folder = Folder(limits)
        self._process: Process | None = None
        self._runs = 0
        self.lock = asyncio.Lock()  # held by who runs something in it

    async def run(self, code: str, files: Mapping[str, bytes], seconds: float) -> Execution:
        """Run one piece; raises ValueError for a bad file name and SandboxUnavailable where no process can start."""
        if self._process is not None and self._process.returncode is not None:  # it was ended from outside
            await self._kill()
        try:
            await _whole(self._folder.put, files)
        except Overfull:  # by the last moments of the run before
            await self._kill()
            await _whole(self._folder.empty)
            await _whole(self._folder.put, files)
        anew = self._process is None
        if self._process is None:
            self._process = await self._started()
        _signal(self._process, signal.SIGCONT)
        self._runs += 1
        try:
            ended, images, note = await self._ended(self._process, code, seconds)
            if ended in ENDINGS:
                _signal(self._process, signal.SIGSTOP)
            else:
                await self._kill()
        except BaseException:  # cancelled: the process must not go on
            await self._kill()
            raise
        execution = await _whole(self._executed, ended, images, note)
        return _prefixed(execution, ENDED_BEFORE) if anew and self._runs > 1 else execution

    async def close(self) -> None:
        """End the process, and with it a run under way, and remove the folder."""
        await self._kill()
        async with self.lock:
            await self._kill()
            await _whole(self._folder.remove)

    def _executed(self, ended: Ended, images: tuple[bytes, ...], note: str) -> Execution:
        try:
            files, out = self._folder.taken()
        except Overfull as error:
            files, out, note = {}, 0, note or f"[its files are left out: {error}]\n"
            self._folder.empty()
        if ended == "died":
            self._folder.empty()
        if out:
            note += f"[{out} files are left out: at most {self._limits.files} and {self._limits.handed >> 20} MB]\n"
        return Execution(self._folder.words() + note, ended, images, files)

    async def _started(self) -> Process:
        """A process that has confined itself."""
        told = {
            "folder": self._folder.inside,
            "data": self._folder.data,
            "memory": self._limits.memory,
            "file": self._limits.file,
            "version": self._version,
        }
        home = self._folder.home
        environ = {"HOME": home, "TMPDIR": home, "MPLCONFIGDIR": home, "MPLBACKEND": BACKEND, "LANG": "C.UTF-8"}
        # Each thread of these takes memory for itself, and pictures of a test need no second one.
        environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-I", "-B", "-X", "utf8", "-c", PROGRAM.format(root=ROOT), json.dumps(told)]
        log = os.open(self._folder.log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=log, env=environ, cwd=home, start_new_session=True
            )
        except OSError as error:
            raise SandboxUnavailable(f"its process cannot be started: {error.strerror}") from error
        finally:
            os.close(log)
        try:
            async with asyncio.timeout(START_SECONDS):
                answer = await _answer(process)
        except (TimeoutError, _Broken):
            answer = {"unconfined": " ".join(self._folder.words().split())[-200:] or "its process did not start"}
        except BaseException:
            await _end(process)
            raise
        if answer.get("run") != 0:
            await _end(process)
            raise SandboxUnavailable(str(answer.get("unconfined")))
        return process

    async def _ended(self, process: Process, code: str, seconds: float) -> tuple[Ended, tuple[bytes, ...], str]:
        """How a run ended, its pictures, and a note where it was ended from here."""
        asked = {"run": self._runs, "code": code, "logs": self._limits.logs}
        answering = asyncio.ensure_future(self._ask(process, asked))
        watching = asyncio.ensure_future(self._watch(process))
        try:
            await asyncio.wait({answering, watching}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return *answering.result(), ""
        except _Broken:
            return "died", (), "[the process of this session ended]\n"
        else:
            if watching.done():
                return "died", (), f"[the run was ended: {watching.result()}]\n"
            return "timeout", (), f"[the run was ended: it took longer than {seconds:g} seconds]\n"
        finally:
            for task in (answering, watching):
                task.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)

    async def _ask(self, process: Process, asked: Mapping[str, Any]) -> tuple[Ended, tuple[bytes, ...]]:
        assert process.stdin is not None  # noqa: S101 (for the type checker)
        with suppress(ConnectionError):
            process.stdin.write(orjson.dumps(asked) + b"\n")
            await process.stdin.drain()
        answer = await _answer(process)
        if answer.get("run") != asked["run"] or answer.get("ended") not in ENDINGS:
            raise _Broken
        return cast("Ended", answer["ended"]), self._pictures(answer.get("images"))

    def _pictures(self, told: object) -> tuple[bytes, ...]:
        """What the process says are its pictures; it could say anything."""
        if not isinstance(told, list):
            raise _Broken
        try:
            pictures = tuple(base64.b64decode(one, validate=True) for one in told[: self._limits.images])
        except (TypeError, ValueError, binascii.Error) as error:
            raise _Broken from error
        if not all(picture.startswith(PNG) for picture in pictures):
            raise _Broken
        return pictures

    async def _watch(self, process: Process) -> str:
        """Return what the process has too much of; there is no limit of the kernel for these without privileges."""
        while True:
            await real_seconds(LOOK_EVERY)
            if _threads(process.pid) > self._limits.threads:
                return f"it had more than {self._limits.threads} threads"
            try:
                await asyncio.to_thread(self._folder.check, process.pid)
            except Overfull as error:
                return str(error)

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await _end(process)


async def _whole(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What blocks, in a thread: to its end even where the wait is cancelled, so that no two meet in one folder."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended: its answer will not come
        process.send_signal(number)


async def _end(process: Process) -> None:
    _signal(process, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()


async def _answer(process: Process) -> dict[str, Any]:
    """The next frame from the process; raises _Broken."""
    assert process.stdout is not None  # noqa: S101 (for the type checker)
    try:
        length = int.from_bytes(await process.stdout.readexactly(4), "big")
        if length > LONGEST_ANSWER:
            raise _Broken
        answer = orjson.loads(await process.stdout.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError, orjson.JSONDecodeError) as error:
        raise _Broken from error
    if not isinstance(answer, dict):
        raise _Broken
    return answer


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:  # it has just ended
        return 0


def _prefixed(execution: Execution, note: str) -> Execution:
    return Execution(note + execution.logs, execution.ended, execution.images, execution.files)
