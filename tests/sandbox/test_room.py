"""The sessions of a server: kept apart, limited in number, dropped and closed; and the start that refuses."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from emulator import cli
from emulator.cli.exits import SANDBOX
from emulator.core.clock import Clock
from emulator.sandbox import room
from emulator.sandbox.execution import SandboxUnavailable
from emulator.sandbox.room import Sandbox
from emulator.sandbox.session import Session
from emulator.settings import Settings
from emulator.testing import Emulator, EmulatorError
from tests.conftest import RunningServer
from tests.processes import Process
from tests.sandbox.conftest import SMALL


def in_sandbox(work: Callable[[Sandbox], Awaitable[None]], most: int = 2) -> None:
    async def whole() -> None:
        sandbox = await Sandbox.start(SMALL, most)
        try:
            await work(sandbox)
        finally:
            await sandbox.close()

    asyncio.run(whole())


async def begun(sandbox: Sandbox, name: str) -> None:
    """Return when the code of a session has printed something."""
    while not await asyncio.to_thread(sandbox._sessions[name]._folder.words):
        pass


def alive(sandbox: Sandbox) -> list[str]:
    return list(sandbox._sessions)


def test_each_session_keeps_its_own_and_the_longest_unused_makes_room() -> None:
    async def work(sandbox: Sandbox) -> None:
        await sandbox.run("a", "x = 'a'")
        await sandbox.run("b", "x = 'b'")
        assert (await sandbox.run("a", "x")).logs == "'a'\n"
        assert alive(sandbox) == ["b", "a"]
        assert (await sandbox.run("c", "'x' in globals()")).logs == "False\n"
        assert alive(sandbox) == ["a", "c"]
        assert (await sandbox.run("b", "'x' in globals()")).logs == "False\n"

    in_sandbox(work)


def test_sessions_run_side_by_side_and_runs_of_one_in_turn() -> None:
    async def work(sandbox: Sandbox) -> None:
        names = [name for name in "abcd" for _ in range(3)]
        code = "n = globals().get('n', 0) + 1\nn"
        told = await asyncio.gather(*(sandbox.run(name, code) for name in names))
        assert all(one.ended == "completed" for one in told)
        assert len(alive(sandbox)) == 2

    in_sandbox(work)


def test_a_dropped_session_is_forgotten_with_its_files_and_its_run() -> None:
    async def work(sandbox: Sandbox) -> None:
        await sandbox.run("a", "x = 1")
        folder = Path(sandbox._sessions["a"]._folder.path)
        endless = asyncio.ensure_future(sandbox.run("a", "print('begun')\nwhile True: pass"))
        await begun(sandbox, "a")
        await sandbox.drop("a")
        assert (await endless).ended == "died"
        assert not await asyncio.to_thread(folder.exists)
        await sandbox.drop("a")
        await sandbox.drop("unknown")
        assert (await sandbox.run("a", "'x' in globals()")).logs == "False\n"

    in_sandbox(work)


def test_a_cancelled_run_ends_its_process() -> None:
    async def work(sandbox: Sandbox) -> None:
        await sandbox.run("a", "x = 1")
        session = sandbox._sessions["a"]
        process = session._process
        assert process is not None
        endless = asyncio.ensure_future(sandbox.run("a", "print('begun')\nwhile True: pass"))
        await begun(sandbox, "a")
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        assert process.returncode == -signal.SIGKILL
        assert (await sandbox.run("a", "1 + 1")).logs.endswith("2\n")

    in_sandbox(work)


def test_a_close_ends_all_and_leaves_nothing() -> None:
    folders: list[str] = []

    async def work(sandbox: Sandbox) -> None:
        for name in "ab":
            await sandbox.run(name, "1")
        folders.extend(session._folder.path for session in sandbox._sessions.values())

    in_sandbox(work)
    assert len(folders) == 2
    assert not [folder for folder in folders if Path(folder).exists()]


def test_the_loop_goes_on_while_code_runs() -> None:
    async def work(sandbox: Sandbox) -> None:
        running = asyncio.ensure_future(sandbox.run("a", "sum(range(3_000_000))"))
        turns = 0
        while not running.done():
            await asyncio.to_thread(os.sched_yield)
            turns += 1
        assert turns > 10

    in_sandbox(work)


def refusal(**patches: object) -> str:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in patches.items():
            patched.setattr(room, name, value)
        with pytest.raises(SandboxUnavailable) as caught:
            asyncio.run(Sandbox.start(SMALL))
    line = str(caught.value)
    assert "\n" not in line
    assert line.endswith(room.MEND)
    return line


def test_a_start_that_cannot_confine_says_why() -> None:
    assert refusal(MACHINES={}).startswith("code can be run safely on Linux only (x86_64, aarch64): ")
    line = refusal(Session=partial(Session, version=0))
    assert line.startswith(
        "code cannot be run safely here: this kernel has no Landlock, or this container forbids it: "
    )


def test_a_start_that_finds_a_way_out_says_which() -> None:
    line = refusal(ATTEMPTS="print('read a file of the system')\nprint('open a socket')")
    assert line.startswith("the sandbox does not hold here: read a file of the system; open a socket: ")
    assert refusal(ATTEMPTS="import os; os._exit(0)").startswith("the sandbox does not hold here: ")


def test_the_probe_itself_notices_every_way_out(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    code = f"import os\nOUTSIDE = {str(tmp_path / 'outside')!r}\n{room.ATTEMPTS}"
    signals = code.index('attempt("send a signal"')  # unconfined they would end this test
    told = subprocess.run(
        [sys.executable, "-c", code[:signals]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(told.stdout.splitlines()) >= {
        "read a file of the system",
        "list the root folder",
        "read the database",
        "write outside its folder",
        "remove a file outside its folder",
        "make a symbolic link",
        "open a socket",
        "start a process",
    }


def test_a_server_that_is_to_run_code_and_cannot_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room, "MACHINES", {})
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", "--port", "0", "--code-interpreter", "sandbox"])
    assert ended.value.code == SANDBOX == 6
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"responses-emulator: code can be run safely on Linux only (x86_64, aarch64): {room.MEND}\n"


def test_an_emulator_of_a_test_that_cannot_run_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MACHINES", {})
    with pytest.raises(EmulatorError, match=r"^code can be run safely on Linux only"):
        Emulator(code_interpreter="sandbox").__enter__()


def test_elsewhere_it_can_be_imported_to_say_that_it_cannot_run() -> None:
    code = "import sys; sys.modules.update(dict.fromkeys(('resource', 'fcntl'))); import emulator.sandbox.room"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)


def test_a_server_has_the_sandbox_while_it_serves() -> None:
    settings = Settings(log_level="quiet", code_interpreter="sandbox")
    with RunningServer(settings, Clock()) as running:
        namespaces = running._thread._server._app.state.namespaces
        loop = running._thread._loop
        told = asyncio.run_coroutine_threadsafe(namespaces.sandbox.run("c", "1 + 1"), loop).result(30)
        assert told.logs == "2\n"
        folder = namespaces.sandbox._sessions["c"]._folder.path
    assert namespaces.sandbox is None
    assert not Path(folder).exists()


def test_a_scripted_server_loads_no_sandbox() -> None:
    with RunningServer(Settings(log_level="quiet"), Clock()) as running:
        assert running._thread._server._app.state.namespaces.sandbox is None


def test_the_command_serves_and_stops_with_the_sandbox(tmp_path: Path) -> None:
    with Process(tmp_path, "--code-interpreter", "sandbox") as process:
        assert httpx.get(f"{process.url()}/_emulator/readyz").status_code == 200
        process.tell(signal.SIGTERM)
        assert process.status() == 0
        assert process.said() == ""
    assert not [path for path in (tmp_path / "tmp").iterdir() if "sandbox" in path.name]
