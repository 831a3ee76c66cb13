"""One session: what it prints, keeps, writes and draws, and how each thing too much ends it."""

import errno
import io
import os
import select
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emulator.sandbox import filter as rules
from emulator.sandbox import syscalls
from emulator.sandbox.confine import EVERY_FILE_RIGHT
from emulator.sandbox.execution import SandboxUnavailable
from emulator.sandbox.folder import Folder, check_name
from tests.sandbox.conftest import SMALL, Run, Talk

ROOT = Path(__file__).parents[2]


def test_the_last_expression_is_echoed_as_a_notebook_does(run: Run) -> None:
    assert run("x = 20\nx + 22").logs == "42\n"
    assert run("print('said')\n'a' * 3").logs == "said\n'aaa'\n"
    assert run("None").logs == ""
    assert run("x;").logs == ""
    assert run("_").logs == "'aaa'\n"
    assert run("").logs == ""


def test_variables_and_imports_are_kept_between_runs(run: Run) -> None:
    run("import math\ndef double(n): return 2 * n\nroot = math.sqrt(16)")
    assert run("double(root), math.pi > 3").logs == "(8.0, True)\n"
    assert run("import pickle\nclass A: pass\ntype(pickle.loads(pickle.dumps(A()))) is A").logs == "True\n"


def test_what_is_raised_is_a_traceback_of_the_code_alone(run: Run) -> None:
    told = run("def f():\n    return 1 / 0\nprint('before')\nf()")
    assert told.ended == "failed"
    assert told.logs.startswith('before\nTraceback (most recent call last):\n  File "<run 1>", line 4, in <module>\n')
    assert told.logs.endswith("ZeroDivisionError: division by zero\n")
    assert "return 1 / 0" in told.logs
    assert "emulator" not in told.logs
    assert run("def f(:").ended == "failed"
    assert run("raise SystemExit").ended == "completed"
    assert run("raise SystemExit('no')").ended == "failed"
    assert run("class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad").ended == "failed"
    assert run("'\\ud800'\nprint('\\ud800')").logs == "\\ud800\n"
    assert run("def deep(): return deep()\ndeep()").ended == "failed"
    assert run("1").ended == "completed"


def test_both_outputs_and_what_goes_past_python_come_in_order(run: Run) -> None:
    told = run(
        "import os, sys\nprint(1)\nprint(2, file=sys.stderr)\nos.write(1, b'3\\n')\nos.write(2, b'4\\n')\nprint(5);"
    )
    assert told.logs == "1\n2\n3\n4\n5\n"
    assert run("input('name? ')").logs.endswith("EOFError: EOF when reading a line\n")


def test_files_of_the_container_are_there_and_what_is_written_comes_back(run: Run) -> None:
    given = {"in.csv": b"a,b\n1,2\n", "deep/er.txt": b"x"}
    code = """
import os
from pathlib import Path
print(sorted(os.listdir("/mnt/data")), os.getcwd(), open("/mnt/data/in.csv").read().split())
Path("/mnt/data/out.txt").write_text("made")
os.makedirs("/mnt/data/more", exist_ok=True)
with open("more/rel.bin", "wb") as file:
    file.write(bytes(3))
os.remove("/mnt/data/deep/er.txt")
"""
    told = run(code, given)
    assert told.logs == "['deep', 'in.csv'] /mnt/data ['a,b', '1,2']\n"
    assert told.files == {"out.txt": b"made", "more/rel.bin": bytes(3)}
    kept = given | told.files
    assert run("print(open('/mnt/data/deep/er.txt').read())", kept).logs == "x\n"
    assert run("None", kept).files == {}
    assert run("open('out.txt', 'a').write('!')", kept).files == {"out.txt": b"made!"}
    assert run("print(open('in.csv').read())", {"in.csv": b"changed"}).logs == "changed\n"
    assert run("import os\nsorted(os.listdir('.'))", {"only.txt": b""}).logs == "['deep', 'more', 'only.txt']\n"


def test_a_missing_file_is_named_by_the_path_that_was_asked_for(run: Run) -> None:
    assert "'/mnt/data/none.txt'" in run("open('/mnt/data/none.txt')").logs


def test_a_folder_in_the_way_of_a_given_file_gives_way(run: Run) -> None:
    run("import os\nos.mkdir('a')\nopen('a/b', 'w').close()\nopen('c', 'w').close()")
    assert run("open('a').read(), open('c/d').read()", {"a": b"1", "c/d": b"2"}).logs == "('1', '2')\n"


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", ".", ".."])
def test_a_name_that_leads_elsewhere_is_refused(talk: Talk, name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a file"):
        talk.run("1", {name: b""})


@given(st.text(max_size=30))
def test_no_accepted_name_leaves_the_folder(name: str) -> None:
    with suppress(ValueError):
        check_name(name)
        assert os.path.normpath(f"/mnt/data/{name}").startswith("/mnt/data/")


def test_modules_and_libraries_are_found(run: Run) -> None:
    assert run("import helper\nhelper.answer", {"helper.py": b"answer = 42"}).logs == "42\n"
    assert run("import numpy\nint(numpy.arange(4).sum())").logs == "6\n"
    code = "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\nasyncio.run(f())"
    assert run(code).logs == "5\n"
    code = "import sqlite3, tempfile, zipfile, shutil\nsqlite3.connect('a.db').execute('create table t (a)')"
    assert run(code).ended == "completed"
    code = "with zipfile.ZipFile('/mnt/data/a.zip', 'w') as archive: archive.writestr('x', 'y')"
    assert run(f"{code}\nshutil.copy('a.zip', '/mnt/data/b.zip')").logs == "'/mnt/data/b.zip'\n"
    code = "import threading\nthread = threading.Thread(target=print, args=('thread',))\nthread.start()\nthread.join()"
    assert run(code).logs == "thread\n"


def test_figures_that_are_shown_or_left_open_come_as_png(run: Run) -> None:
    code = """
import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
plt.show()
figure = plt.figure(figsize=(2, 1), dpi=100)
plt.savefig("/mnt/data/saved.png")
"""
    told = run(code)
    assert told.logs == ""
    sizes = [Image.open(io.BytesIO(picture)).size for picture in told.images]
    assert sizes == [(640, 480), (200, 100)]
    assert list(told.files) == ["saved.png"]
    assert run("len(plt.get_fignums())").images == ()
    many = run("for _ in range(4): plt.figure()")
    assert len(many.images) == SMALL.images


def test_its_environment_is_clean(run: Run) -> None:
    names = run("import os, sys\nprint(*sorted(os.environ), sys.argv);").logs
    assert (
        names == "HOME LANG MKL_NUM_THREADS MPLBACKEND MPLCONFIGDIR OMP_NUM_THREADS OPENBLAS_NUM_THREADS TMPDIR ['']\n"
    )


SERVER = """
import asyncio
from emulator.sandbox.execution import Limits
from emulator.sandbox.session import Session
async def main():
    session = Session(Limits())
    await session.run("1", {}, 5)
    print(session._process.pid, session._folder.path, flush=True)
    await session.run("while True: pass" if %r else "1", {}, 60)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("busy", [True, False])
def test_a_killed_server_takes_its_workers_with_it(busy: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER % busy], cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid, folder = server.stdout.readline().split()
        watched = os.pidfd_open(int(pid))
        try:
            server.send_signal(signal.SIGKILL)
            server.wait()
            # Readable once it has ended; poll waits for that without a sleep.
            poll = select.poll()
            poll.register(watched, select.POLLIN)
            assert poll.poll(10_000)
        finally:
            os.close(watched)
            subprocess.run(["rm", "-r", folder], check=True)


def test_without_landlock_nothing_runs() -> None:
    talk = Talk(SMALL, version=0)
    with pytest.raises(SandboxUnavailable, match="this kernel has no Landlock, or this container forbids it"):
        talk.run("1")
    talk.close()


def test_a_closed_session_leaves_nothing_behind() -> None:
    talk = Talk()
    talk.run("import os\nfor n in range(6):\n    os.mkdir('d' * 255)\n    os.chdir('d' * 255)\nos.mkdir('shut', 0)")
    pid, folder = talk.session._process.pid, talk.session._folder.path
    talk.close()
    assert not Path(folder).exists()
    assert not Path(f"/proc/{pid}").exists()


def test_the_tables_of_both_machines_name_the_same_calls() -> None:
    for table in (syscalls.EVERY, syscalls.SOME, syscalls.PRETENDED, syscalls.UNSUPPORTED):
        assert set(table) == set(rules.MACHINES)
        assert set(table["aarch64"]) <= set(table["x86_64"])
    for machine in rules.MACHINES:
        numbers = [
            number
            for table in (syscalls.EVERY, syscalls.SOME, syscalls.PRETENDED, syscalls.UNSUPPORTED)
            for number in table[machine].values()
        ]
        assert len(numbers) == len(set(numbers))
        program = rules.program(machine, 1)
        assert len(program) % 8 == 0
        assert len(program) // 8 < 4096
        assert struct.unpack("=HBBI", program[-8:]) == (rules.RETURN, 0, 0, rules.ERRNO | errno.EPERM)


def test_the_rights_of_landlock_grow_with_its_version() -> None:
    assert [right.bit_length() - 1 for right in EVERY_FILE_RIGHT.values()] == [13, 14, 15, 16]


def test_a_folder_is_made_for_its_owner_alone() -> None:
    folder = Folder(SMALL)
    assert Path(folder.path).stat().st_mode & 0o777 == 0o700
    folder.remove()
