"""The command line: what each command prints, the one line of each mistake, and how little it imports."""

import json
import signal
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from emulator import __version__
from emulator.cli import COMMANDS, main
from emulator.cli.exits import NAME
from emulator.core.dialect_table import differences
from emulator.settings import CONFIG_VARIABLE, TABLE, load

HEAVY = {"starlette", "sqlalchemy", "uvicorn", "pydantic", "yaml", "asyncio"}
SEE = f"(see {NAME}"
ROOT = Path(__file__).parents[2]
NO_DURATION = "is no duration: give a number with ms, s, m, h or d, such as 20ms or 30d"


@pytest.fixture(autouse=True)
def _nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in (CONFIG_VARIABLE, *(setting.variable for setting in TABLE.values())):
        monkeypatch.delenv(variable, raising=False)


def status(*args: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(args)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize("word", ["--version", "version"])
def test_the_version_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(word) == 0
    assert capsys.readouterr().out == f"responses-emulator {__version__}\n"


@pytest.mark.parametrize("args", [(), ("serve",), ("readyz",), ("config",)])
def test_every_command_has_help(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*args, "--help") == 0
    assert "Usage: responses-emulator" in capsys.readouterr().out


def test_help_names_every_flag_and_variable(capsys: pytest.CaptureFixture[str]) -> None:
    status("serve", "--help")
    words = capsys.readouterr().out
    assert all(setting.flag in words and setting.variable in words for setting in TABLE.values())


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([], f"a command is missing: {', '.join(COMMANDS)} (see responses-emulator --help)"),
        (["srve"], "there is no command 'srve': did you mean serve? (see responses-emulator --help)"),
        (
            ["--port", "0"],
            f"there is no option --port: it belongs to a command, as in {NAME} serve --port {SEE} --help)",
        ),
        (
            ["serve", "--prot", "1"],
            "there is no option --prot: did you mean --port? (see responses-emulator serve --help)",
        ),
        (["serve", "--zzz"], "there is no option --zzz (see responses-emulator serve --help)"),
        (["serve", "--port", "x"], "--port: 'x' is no port: give a number from 0 (any free one) to 65535"),
        (
            ["readyz", "--url", "somewhere"],
            f"--url: 'somewhere' is no address of a server: give http://HOST:PORT {SEE} readyz --help)",
        ),
        (
            ["readyz", "--timeout", "soon"],
            f"--timeout: 'soon' {NO_DURATION} {SEE} readyz --help)",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(args: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*args) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"responses-emulator: {line}\n"


def test_a_tokenizer_that_is_not_installed_is_a_mistake_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.run.tokenizer.find_spec", lambda _: None)
    before = signal.getsignal(signal.SIGTERM)
    assert status("serve", "--port", "0", "--tokens", "exact") == 2
    signal.signal(signal.SIGTERM, before)
    line = "--tokens exact: the tokenizer is missing: pip install 'responses-emulator[tokens]'"
    assert capsys.readouterr() == ("", f"{NAME}: {line}\n")


def test_dialects_shows_both_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("dialects") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["azure", "openai"]
    assert "/conversations                    no" in "\n".join(lines)
    assert any(line.split()[:3] == ["unknown_deployment", "404,", "code"] for line in lines)
    assert max(map(len, lines)) <= 130


def test_dialects_as_json_has_what_the_table_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("dialects", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"azure", "openai"}
    assert told["azure"].keys() == told["openai"].keys() == {row.field for row in differences()} | {"errors"}
    assert told["azure"]["errors"]["bad_path"]["message"] == "Resource not found"


def test_config_shows_values_and_sources_but_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_API_KEYS", "sk-do-not-show")
    assert status("config", "--port", "0", "--done-frame") == 0
    lines = {line.split()[0]: line.split("#") for line in capsys.readouterr().out.splitlines()}
    assert [part.strip() for part in lines["port"]] == ["port = 0", "--port"]
    assert [part.strip() for part in lines["done_frame"]] == ["done_frame = true", "--done-frame"]
    monkeypatch.setenv("EMULATOR_REGION", "uksouth")
    status("config")
    words = capsys.readouterr().out
    assert "sk-do-not-show" not in words
    assert "# api_keys: (1 hidden)" in words
    monkeypatch.setenv("EMULATOR_SEAL_KEY", "do-not-show-either")
    status("config")
    words = capsys.readouterr().out
    assert "# seal_key: (hidden)" in words
    assert "do-not-show" not in words
    assert "EMULATOR_REGION" in words


def test_what_config_shows_can_be_used_as_a_settings_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = {"port": "0", "db": "a.db", "deployments": "a,b", "done_frame": "true", "retention": "2m"}
    status("config", "--port=0", "--db=a.db", "--deployments=a,b", "--done-frame", "--retention=2m")
    (tmp_path / "shown.toml").write_text(capsys.readouterr().out)
    assert load({}, {}, "shown.toml").settings == load(flags, {}).settings


class _Ready(BaseHTTPRequestHandler):
    answers = (503, 503, 200)
    asked: tuple[str, ...] = ()

    def do_GET(self) -> None:
        self.send_response(self.answers[min(len(_Ready.asked), 2)])
        self.end_headers()
        _Ready.asked += (self.path,)

    def log_message(self, *_: object) -> None:
        pass


def test_readyz_asks_until_the_server_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/openai/v1"
            assert status("readyz", "--url", url) == 1
            assert "not ready: " in capsys.readouterr().err
            assert status("readyz", "--wait", "--timeout", "300s", "--url", url) == 0
        finally:
            server.shutdown()
            thread.join()
    assert _Ready.asked == ("/_emulator/readyz",) * 3
    assert capsys.readouterr().out.startswith("responses-emulator is ready at 127.0.0.1:")


def test_readyz_says_why_it_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:  # bound but not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert status("readyz", "--wait", "--timeout", "1ms", "--url", url) == 1
    assert capsys.readouterr().err.startswith(f"responses-emulator: not ready: {url.removeprefix('http://')}: ")


def test_readyz_cannot_guess_a_free_port(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_PORT", "0")
    assert status("readyz") == 2
    assert "--url http://HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [["--version"], ["--help"], ["config"], ["readyz", "--url=http://127.0.0.1:1"], ["serve", "--zzz"]],
)
def test_a_command_that_serves_nothing_imports_nothing_of_the_server(args: list[str]) -> None:
    code = (
        "import sys\nfrom emulator.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n"
        f"    heavy = {HEAVY} & set(sys.modules)\n"
        "    sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
