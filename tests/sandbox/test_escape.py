"""Nothing gets out: every attempt is refused, with the newest Landlock and with the oldest that is accepted."""

import os
import platform
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from emulator.sandbox.execution import NEWEST_LANDLOCK
from tests.sandbox.attempts import ATTEMPTS, PRELUDE, PRETENDED
from tests.sandbox.conftest import SMALL, Talk

SECRET = "EMULATOR_TEST_SECRET"
VERSIONS = (1, NEWEST_LANDLOCK)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "responses.db"
    path.write_bytes(b"what is stored")
    path.chmod(0o644)
    return path


@pytest.fixture(scope="module")
def places(outside: Path) -> Iterator[str]:
    """What the attempts aim at, as code that names it."""
    abstract = f"\0emulator-{os.getpid()}"
    with ExitStack() as stack:
        loopback = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(abstract)
        listening.listen()
        port = loopback.getsockname()[1]
        yield f"OUTSIDE, LOOPBACK, ABSTRACT, SECRET = {str(outside)!r}, {port}, {abstract!r}, {SECRET!r}\n"


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"landlock-{version}")
def session(request: pytest.FixtureRequest, places: str) -> Iterator[Talk]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(SECRET, "canary")
        talk = Talk(SMALL, request.param)
        assert talk.run(places + PRELUDE).ended == "completed"
        yield talk
        talk.close()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_it_cannot(session: Talk, outside: Path, attempt: str) -> None:
    tried = session.run(ATTEMPTS[attempt])
    assert tried.ended == "completed", tried.logs
    assert "refused: " in tried.logs
    assert "ESCAPED" not in tried.logs
    assert "canary" not in tried.logs
    assert outside.read_bytes() == b"what is stored"
    assert [path.name for path in outside.parent.iterdir()] == [outside.name]


def test_what_is_pretended_changes_nothing(session: Talk, outside: Path) -> None:
    before = outside.stat()
    tried = session.run(PRETENDED)
    assert tried.ended == "completed", tried.logs
    assert "ESCAPED" not in tried.logs
    assert outside.stat() == before


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other machine has no second table of calls")
def test_the_calls_of_another_machine_end_the_process(session: Talk) -> None:
    code = """
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid of 32 bits); int 0x80; ret
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
"""
    tried = session.run(code)
    assert tried.ended == "died"
    assert session.run("1 + 1").ended == "completed"
    session.run("import os\n" + PRELUDE)


def test_what_stands_open_is_its_own(run) -> None:
    code = """
import os
for number in range(64):
    try:
        found = os.fstat(number)
    except OSError:
        continue
    print(number, oct(found.st_mode))
"""
    lines = run(code).logs.splitlines()
    # Nothing to read, the log twice, and the two pipes to the server.
    kinds = [stat.S_IFMT(int(line.split()[1], 8)) for line in lines]
    assert kinds == [stat.S_IFCHR, stat.S_IFREG, stat.S_IFREG, stat.S_IFIFO, stat.S_IFIFO]


def test_two_sessions_see_nothing_of_each_other() -> None:
    one, two = Talk(), Talk()
    try:
        one.run("secret = 'canary'\nopen('/mnt/data/mine', 'w').write(secret)")
        folder = one.session._folder
        tried = two.run(f"""
import os
for path in ({folder.data!r}, {folder.path!r}):
    try:
        print("ESCAPED", os.listdir(path))
    except PermissionError:
        pass
try:
    print("ESCAPED", open({folder.data + "/mine"!r}).read())
except PermissionError:
    pass
print(os.listdir("/mnt/data"), "secret" in globals())
""")
        assert tried.logs == "[] False\n"
    finally:
        one.close()
        two.close()
