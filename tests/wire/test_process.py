"""The server as a process and as a thread: ready line, exit codes, warnings, a quick end in mid-stream."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sse_starlette import EventSourceResponse

from emulator.server import ThreadedServer
from emulator.settings import Settings, load
from emulator.store.engine import StoreError
from tests.processes import LONGEST, Process

LONG = {"model": "gpt-4o", "input": "write a long story", "stream": True}
signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")


def refused(folder: Path, *flags: str, **environ: str) -> tuple[int, str]:
    """Exit status and stderr of a server that does not start."""
    with Process(folder, *flags, **environ) as process:
        return process.status(), process.said()


def test_the_ready_line_names_an_address_that_answers(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        url = process.url()
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url + "/_emulator/readyz").json()["status"] == "ready"
        assert process.said() == ""


def test_readyz_agrees_with_the_ready_line(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        command = [sys.executable, "-m", "emulator", "readyz", "--url", process.url()]
        assert subprocess.run(command, check=False, timeout=60, capture_output=True).returncode == 0


@signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(tmp_path: Path, number: int) -> None:
    with Process(tmp_path) as process:
        process.url()
        process.tell(number)
        assert process.status() == 0
        assert process.said() == ""


@signals
def test_a_signal_ends_it_with_an_open_stream(tmp_path: Path) -> None:
    with Process(tmp_path, "--stream-every", "2s") as process:
        create = process.url() + "/openai/v1/responses"
        with httpx.stream("POST", create, json=LONG, headers={"api-key": "k"}, timeout=LONGEST) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: response.created"
            process.tell(signal.SIGTERM)
            assert process.status() == 0
            assert "response.completed" not in "".join(until_the_end(lines))
        assert process.said() == ""


@signals
def test_a_background_run_with_a_follower_does_not_hold_it_either(tmp_path: Path) -> None:
    with Process(tmp_path, "--stream-every", "2s") as process:
        url = process.url() + "/openai/v1/responses"
        body = {**LONG, "background": True}
        with httpx.stream("POST", url, json=body, headers={"api-key": "k"}, timeout=LONGEST) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: response.created"
            process.tell(signal.SIGTERM)
            assert process.status() == 0
            list(until_the_end(lines))


def until_the_end(lines: Iterator[str]) -> Iterator[str]:
    """What still comes; an answer that is cut is an end too."""
    try:
        yield from lines
    except httpx.RemoteProtocolError:
        return


@signals
def test_a_temporary_database_is_gone_at_the_end(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        process.url()
        assert list((tmp_path / "tmp").iterdir())
        process.tell(signal.SIGTERM)
        assert process.status() == 0
        assert list((tmp_path / "tmp").iterdir()) == []


@signals
def test_a_named_database_is_kept_and_read_again(tmp_path: Path) -> None:
    headers = {"api-key": "k"}
    with Process(tmp_path, "--db", "kept.db") as process:
        create = process.url() + "/openai/v1/responses"
        made = httpx.post(create, json={"model": "gpt-4o", "input": "hi"}, headers=headers).json()
        process.tell(signal.SIGTERM)
        assert process.status() == 0
    assert (tmp_path / "kept.db").is_file()
    with Process(tmp_path, "--db", "kept.db") as process:
        again = httpx.get(f"{process.url()}/openai/v1/responses/{made['id']}", headers=headers)
        assert again.json() == made


def test_a_taken_port_is_exit_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = refused(tmp_path, "--port", str(port))
    assert status == 3
    assert said == (
        f"responses-emulator: port {port} of 127.0.0.1 is taken: stop what uses it, or choose another "
        "(--port 0 takes a free one)\n"
    )


@pytest.mark.parametrize(
    ("host", "words"),
    [("no.such.host.invalid", "is not known here"), ("192.0.2.1", "is no address of this machine")],
)
def test_a_host_that_is_not_ours_is_exit_3(tmp_path: Path, host: str, words: str) -> None:
    status, said = refused(tmp_path, "--host", host)
    assert (status, words in said, said.count("\n")) == (3, True, 1)


def test_an_unusable_database_is_exit_5(tmp_path: Path) -> None:
    status, said = refused(tmp_path, "--db", "missing/a.db")
    assert (status, said.count("\n")) == (5, 1)
    assert "missing" in said
    status, said = refused(tmp_path, "--db", "tmp")
    assert (status, said.count("\n")) == (5, 1)
    (tmp_path / "text.db").write_text("this is no database " * 100)
    status, said = refused(tmp_path, "--db", "text.db")
    assert (status, said.count("\n")) == (5, 1)


def test_an_unusable_fixture_is_exit_4(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- name: x\n  whenn: {}\n  then: []\n")
    status, said = refused(tmp_path, "--fixtures", "bad.yaml")
    assert (status, said.count("\n")) == (4, 1)
    assert "bad.yaml" in said
    assert refused(tmp_path, "--fixtures", "missing.yaml")[0] == 4


def test_an_unknown_flag_or_file_key_is_exit_2(tmp_path: Path) -> None:
    assert refused(tmp_path, "--prot", "1")[0] == 2
    (tmp_path / "responses-emulator.toml").write_text("prot = 1\n")
    line = "responses-emulator: responses-emulator.toml: there is no setting called 'prot': did you mean port?\n"
    assert refused(tmp_path) == (2, line)


def test_unknown_variables_and_service_links_only_warn(tmp_path: Path) -> None:
    environ = {
        "EMULATOR_PROT": "1",
        "EMULATOR_PORT": "tcp://10.0.0.1:9110",
        "EMULATOR_SERVICE_HOST": "10.0.0.1",
    }
    with Process(tmp_path, **environ) as process:
        process.url()
        lines = process.said().splitlines()
    assert lines == [f"responses-emulator: WARNING: {warning}" for warning in load({}, environ).warnings]
    assert len(lines) == 2


def test_a_wide_open_server_warns_once_and_names_an_address_that_works(tmp_path: Path) -> None:
    with Process(tmp_path, "--host", "0.0.0.0") as process:  # noqa: S104 (that is what is tested)
        url = process.url()
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url + "/_emulator/livez").status_code == 200
        assert process.said().count("any key is accepted") == 1
    with Process(tmp_path, "--host", "0.0.0.0", "--entra", "only") as process:  # noqa: S104
        process.url()
        assert process.said().count("everyone is given a token") == 1
    with Process(tmp_path, "--host", "0.0.0.0", "--api-keys", "k") as process:  # noqa: S104
        process.url()
        assert process.said() == ""


class StandIn:
    """The least app: one endless stream, and a lifespan that can fail."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.stopping = asyncio.Event()
        self.state = SimpleNamespace(stop=self.stopping.set)
        self.extensions: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        self.extensions = scope["extensions"]
        await EventSourceResponse(self.frames(), ping=0)(scope, receive, send)

    async def live(self, receive: Any, send: Any) -> None:
        await receive()
        if self.failure:
            await send({"type": "lifespan.startup.failed", "message": "a traceback"})
            raise self.failure
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def frames(self) -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await self.stopping.wait()
        yield b"data: last\n\n"


def test_a_thread_stops_with_an_open_stream_and_leaves_others_alone() -> None:
    with ThreadedServer(StandIn) as kept, httpx.stream("GET", kept.url) as other:
        others = other.iter_lines()
        assert next(others) == "data: first"
        for _ in range(2):
            server = ThreadedServer(StandIn)
            with server, httpx.stream("GET", server.url) as answer:
                lines = answer.iter_lines()
                assert next(lines) == "data: first"
                server.stop()
                assert [line for line in lines if line] == ["data: last"]
        kept.stop()
        assert [line for line in others if line] == ["data: last"]


def test_a_thread_raises_what_the_start_of_its_app_raises(caplog: pytest.LogCaptureFixture) -> None:
    failure = StoreError("a.db: no")
    with pytest.raises(StoreError, match=r"a\.db: no"), ThreadedServer(lambda: StandIn(failure)):
        pass
    with pytest.raises(StoreError), ThreadedServer(Settings(db="missing/a.db")):
        pass
    assert caplog.records == []


def test_stopping_twice_is_no_harm() -> None:
    with ThreadedServer(StandIn) as server:
        server.stop()
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)


def test_the_transport_is_in_reach_of_wire_faults() -> None:
    app = StandIn()
    with ThreadedServer(lambda: app) as server, httpx.stream("GET", server.url) as answer:
        assert next(answer.iter_lines()) == "data: first"
        assert app.extensions["emulator.transport"]["transport"].get_extra_info("peername")


def test_the_secret_of_a_webhook_is_made_and_told_once(tmp_path: Path) -> None:
    flags = ("--egress", "loopback", "--webhook", "http://127.0.0.1:1/hook", "--log-level", "quiet")
    with Process(tmp_path, *flags) as process:
        process.url()
        assert re.fullmatch(r"responses-emulator: the secret of --webhook.*: whsec_\S{44}\n", process.said())
    with Process(tmp_path, *flags, EMULATOR_WEBHOOK_SECRET="whsec_" + "c2VjcmV0" * 4) as process:
        process.url()
        assert process.said() == ""


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--webhook", "http://127.0.0.1:1/hook"), "--webhook: the egress rule does not allow '127.0.0.1:1': start"),
        (("--webhook", "localhost:1"), "--webhook: 'localhost:1' is no webhook: give a URL such as"),
        (("--webhook-secret", "short"), "--webhook-secret: the value is no signing secret: give whsec_"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_in_one_line(tmp_path: Path, flags: tuple[str, ...], told: str) -> None:
    status, said = refused(tmp_path, *flags)
    assert status == 2
    assert said.splitlines()[-1].startswith(f"responses-emulator: {told}")
