"""Everything there can be too much of, and how it ends one run and nothing else."""

import os
import signal
from pathlib import Path

import pytest

from emulator.core.clock import monotonic
from tests.sandbox.conftest import SMALL, Run, Talk


def test_an_endless_loop_ends_and_the_next_run_starts_anew(run: Run) -> None:
    before = monotonic()
    told = run("x = 1\nprint('begun')\nopen('kept.txt', 'w').write('here')\nwhile True: pass", seconds=1)
    assert told.ended == "timeout"
    assert told.logs == "begun\n[the run was ended: it took longer than 1 seconds]\n"
    assert told.files == {"kept.txt": b"here"}
    assert monotonic() - before < 10
    again = run("open('kept.txt').read(), 'x' in globals()", told.files)
    assert again.logs == "[the process of this session had ended: its variables are gone]\n('here', False)\n"


@pytest.mark.parametrize(
    "code",
    [
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "from signal import *\nfor n in {*range(1, 32)} - {9, 19}: signal(n, SIG_IGN)\nwhile True: pass",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "10 ** 10 ** 9",
    ],
)
def test_a_run_that_will_not_end_is_ended(run: Run, code: str) -> None:
    assert run(code, seconds=0.5).ended == "timeout"


def test_too_much_memory_is_an_error_and_the_session_goes_on(run: Run) -> None:
    assert run("a = 1\nb = bytearray(1 << 30)").ended == "memory"
    told = run("x = []\nwhile True: x.append(bytearray(1 << 20))")
    assert told.ended == "memory"
    assert told.logs.endswith("MemoryError\n")
    assert run("x = None\na").logs == "1\n"


def test_a_thread_bomb_fails(run: Run) -> None:
    code = (
        "import threading, time\n{}\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    assert run(code.format("")).ended in ("failed", "died")
    told = run(code.format("threading.stack_size(32768)"))
    assert told.ended in ("failed", "died")
    assert run("1 + 1").logs.endswith("2\n")


UNLINKED = """
import os
kept = []
while len(kept) < 20:
    kept.append(open("x", "wb"))
    kept[-1].write(bytes(2 << 20))
    os.unlink("x")
while True: pass
"""


@pytest.mark.parametrize(
    ("code", "note"),
    [
        (
            "n = 0\nwhile True:\n    n += 1\n    open(str(n % 40), 'wb').write(bytes(1 << 20))",
            "it wrote more than 8 MB",
        ),
        ("n = 0\nwhile True:\n    n += 1\n    open(str(n), 'w').close()", "it made more than 50 files and folders"),
        ("import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')", "it made folders more than 8 deep"),
        (UNLINKED, "it wrote more than 8 MB"),
    ],
    ids=["bytes", "files", "folders", "unlinked"],
)
def test_filling_the_disk_ends_the_run(talk: Talk, code: str, note: str) -> None:
    told = talk.run(code)
    assert told.ended == "died"
    assert note in told.logs
    assert talk.run("import os\nos.listdir('.')", {"a": b"1"}).logs.endswith("['a']\n")
    assert used(talk) < 100_000


def used(talk: Talk) -> int:
    folder = Path(talk.session._folder.path)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_one_file_has_a_size_and_so_have_all_that_come_back(run: Run) -> None:
    assert "File too large" in run("open('big', 'wb').write(bytes(5 << 20))").logs
    told = run("for n in range(8): open(f'small{n}', 'w').write('x')\nopen('z', 'wb').write(bytes(3 << 20))")
    assert len(told.files) == SMALL.files
    assert "4 files are left out: at most 5 and 3 MB]" in told.logs


def test_files_with_odd_names_and_no_rights_do_no_harm(run: Run) -> None:
    code = """
import os
os.close(os.open(b"\\xff", os.O_CREAT | os.O_WRONLY))
os.close(os.open("closed", os.O_CREAT | os.O_WRONLY, 0))
os.mkdir("shut", 0)
open("a\\nb", "w").write("x")
"""
    told = run(code)
    assert told.ended == "completed", told.logs
    assert set(told.files) <= {"closed", "a\nb"}
    assert run("1").ended == "completed"


def test_much_output_is_cut_and_the_code_goes_on(run: Run) -> None:
    told = run("for n in range(5000): print('line', n)\ndone = True")
    assert told.ended == "completed"
    assert told.logs.endswith("\n[the rest of the output was cut off: at most 2000 bytes]\n")
    assert len(told.logs) < 2100
    assert run("done").logs == "True\n"
    assert len(run("import os\nfor n in range(100): os.write(1, bytes(1 << 14))").logs) < 2100
    assert len(run("print('x' * 10_000_000)").logs) < 2100


def test_between_runs_nothing_goes_on(talk: Talk) -> None:
    code = """
import threading
n = 0
def count():
    global n
    while True:
        n += 1
threading.Thread(target=count, daemon=True).start()
"""
    assert talk.run(code).ended == "completed"
    pid = talk.session._process.pid
    deadline = monotonic() + 10
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert monotonic() < deadline
    assert int(talk.run("n").logs) > 0


FORGING = """
import json, os, struct
def raw(data):
    for pipe in range(3, 12):
        try:
            os.write(pipe, data)
        except OSError:
            pass
def tell(told):
    data = json.dumps(told).encode()
    raw(struct.pack(">I", len(data)) + data)
"""


@pytest.mark.parametrize(
    "told",
    [
        "tell({'run': 99, 'ended': 'completed', 'images': []})",
        "tell({'run': 1, 'ended': 'splendid', 'images': []})",
        "tell({'run': 1, 'ended': 'completed', 'images': 7})",
        "tell({'run': 1, 'ended': 'completed', 'images': ['no base64']})",
        "tell({'run': 1, 'ended': 'completed', 'images': ['bm8gcG5n']})",
        "tell([])",
        "raw(struct.pack('>I', 1 << 31))",
        "raw(struct.pack('>I', 4) + b'nope')",
        "raw(struct.pack('>I', 200_000) + b'[' * 200_000)",
    ],
)
def test_an_answer_that_is_forged_is_believed_in_nothing(run: Run, told: str) -> None:
    assert run(f"{FORGING}{told}\nwhile True: pass", seconds=5).ended == "died"
    assert run("1 + 1").ended == "completed"


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "import os\nos.abort()",
        "import ctypes\nctypes.string_at(0)",
        "import os\nos.closerange(0, 64)",
    ],
)
def test_a_process_that_ends_itself_ends_its_run_alone(run: Run, code: str) -> None:
    assert run(code, seconds=2).ended in ("died", "timeout")
    assert run("1 + 1").logs.endswith("2\n")


def test_a_process_that_was_ended_from_outside_is_started_anew(talk: Talk) -> None:
    assert talk.run("x = 1").ended == "completed"
    process = talk.session._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    told = talk.run("'x' in globals()")
    if told.ended == "died":  # nobody had noticed yet
        told = talk.run("'x' in globals()")
    assert told.logs.endswith("False\n")
