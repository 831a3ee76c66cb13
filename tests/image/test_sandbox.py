"""The sandbox inside the image: read-only root, no capabilities, the engine's own seccomp profile, user 10001."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.image.conftest import HARDENED
from tests.image.containers import Container, docker, figure, image_fact
from tests.sandbox.attempts import ATTEMPTS, PRELUDE, PRETENDED

# Runs in the image: every attempt in one session, then what must work and what must end; a line of JSON at the end.
SUITE = """
import asyncio, json, os, socket, sys, tempfile
from emulator.sandbox.execution import Limits
from emulator.sandbox.room import Sandbox

async def main():
    told = json.load(sys.stdin)
    os.environ["EMULATOR_TEST_SECRET"] = "canary"
    loopback, abstract = socket.create_server(("127.0.0.1", 0)), "\\0emulator"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(abstract)
    listening.listen()
    outside = tempfile.NamedTemporaryFile(suffix=".db")
    places = (outside.name, loopback.getsockname()[1], abstract, "EMULATOR_TEST_SECRET")
    sandbox = await Sandbox.start(Limits(seconds=20, memory=600 << 20, threads=16, disk=8 << 20, file=4 << 20))
    await sandbox.run("attempts", f"OUTSIDE, LOOPBACK, ABSTRACT, SECRET = {places!r}\\n" + told["prelude"])
    ran = {}
    for name, code in told["attempts"].items():
        ran[name] = await sandbox.run("attempts", code)
    for name, code, seconds in told["others"]:
        ran[name] = await sandbox.run("others", code, {"in.txt": b"given"}, seconds=seconds)
    await sandbox.close()
    print(json.dumps({
        name: [one.ended, one.logs, [len(picture) for picture in one.images], sorted(one.files)]
        for name, one in ran.items()
    }))

asyncio.run(main())
"""

THREADS = """
import threading
threading.stack_size(32768)
while True:
    threading.Thread(target=threading.Event().wait).start()
"""
OTHERS = (
    ("state", "x = open('/mnt/data/in.txt').read()\nopen('/mnt/data/out.txt', 'w').write(x);", 20),
    ("again", "x", 20),
    ("picture", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", 20),
    ("memory", "bytearray(2 << 30)", 20),
    ("loop", "while True: pass", 0.5),
    ("disk", "n = 0\nwhile True:\n    n += 1\n    open(str(n), 'wb').write(bytes(1 << 20))", 20),
    ("threads", THREADS, 20),
)


@pytest.fixture(scope="module")
def variant(image: str) -> str:
    return f"{image}-sandbox"


@pytest.fixture(scope="module")
def ran(variant: str) -> dict[str, Any]:
    attempts = {**ATTEMPTS, "pretended": PRETENDED}
    told = json.dumps({"prelude": PRELUDE, "attempts": attempts, "others": OTHERS})
    flags = (
        "run",
        "--rm",
        "--interactive",
        *HARDENED,
        "--network",
        "none",
        "--entrypoint",
        "python3",
        variant,
        "-c",
        SUITE,
    )
    found: dict[str, Any] = json.loads(docker(*flags, given=told))
    return found


@pytest.mark.parametrize("attempt", [*ATTEMPTS, "pretended"])
def test_in_the_image_it_cannot(ran: dict[str, Any], attempt: str) -> None:
    ended, logs, *_ = ran[attempt]
    assert ended == "completed", logs
    assert "refused: " in logs
    assert "ESCAPED" not in logs
    assert "canary" not in logs


def test_in_the_image_code_works_and_its_limits_hold(ran: dict[str, Any]) -> None:
    assert ran["state"][0::3] == ["completed", ["out.txt"]]
    assert ran["again"][:2] == ["completed", "'given'\n"]
    assert ran["picture"][0] == "completed"
    assert len(ran["picture"][2]) == 1
    assert ran["memory"][0] == "memory"
    assert ran["loop"][0] == "timeout"
    assert ran["threads"][0] in ("failed", "died")
    assert ran["disk"][0] == "died"


def test_a_hardened_container_starts_with_the_sandbox(image: str, start: Callable[..., Container]) -> None:
    container = start("--network", "none", "--env", "EMULATOR_CODE_INTERPRETER=sandbox")
    assert container.stop() == 0


def test_where_the_engine_forbids_landlock_the_server_does_not_start(image: str, tmp_path: Path) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["landlock_create_ruleset"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}],
    }
    (tmp_path / "profile.json").write_text(json.dumps(profile), encoding="utf-8")
    flags = ("--security-opt", f"seccomp={tmp_path / 'profile.json'}", "--env", "EMULATOR_CODE_INTERPRETER=sandbox")
    container = Container(docker("run", "--detach", *HARDENED, *flags, image))
    try:
        assert docker("wait", container.id) == "6"
        assert "this kernel has no Landlock, or this container forbids it" in container.logs()
    finally:
        docker("rm", "--force", container.id)


def test_the_extra_is_in_its_own_image_only(image: str, variant: str) -> None:
    size, larger = (int(image_fact(name, "{{.Size}}")) for name in (image, variant))
    figure(f"image with the extra sandbox {larger / 1e6:.0f} MB, {(larger - size) / 1e6:.0f} MB more")
    assert larger > size
