"""Installs a client into an environment of its own and runs its tests there; of the server it knows the address."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.clients.pins import FOLDER, Client

INSTALL_SECONDS = 600
TEST_SECONDS = 420
_running: set[subprocess.Popen[bytes]] = set()
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: a client that looks for the internet finds none
KEY = "test-key"


class NotInstalledError(Exception):
    """A client could not be installed; the text is the end of what the installer said."""


class Environment:
    """One client's folder under build/clients: what was installed, the copies of its tests, and the logs."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.report = folder / "report.xml"
        self.home = folder / "home"

    def install(self) -> bool:
        """Install what is pinned unless it is there already; returns whether it did. Raises NotInstalledError."""
        stamp, wanted = self.folder / "stamp", self.client.stamp(_runtime(self.client.language))
        if stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return False
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for command in self._installers():
            if _run(command, self.folder, dict(os.environ), self.folder / "install.log", INSTALL_SECONDS) != 0:
                raise NotInstalledError(tail(self.folder / "install.log"))
        stamp.write_text(wanted, "utf-8")
        return True

    def test(self, url: str, environ: Mapping[str, str]) -> int:
        """Run the client's tests against the server at `url`; returns their exit status, and leaves report.xml."""
        self.report.unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        found = {**_clean_environ(), **_addresses(url), **environ, "HOME": str(self.home), "TMPDIR": str(self.home)}
        return _run(self._tests(), self.home, found, self.folder / "test.log", TEST_SECONDS)

    def _installers(self) -> Sequence[Sequence[str]]:
        wanted = self.client.wanted
        if self.client.language == "node":
            manifest = {"private": True, "type": "module", "dependencies": wanted}
            (self.folder / "package.json").write_text(json.dumps(manifest), "utf-8")
            return [["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]]
        pins = [f"{name}=={version}" for name, version in wanted.items()]
        pip = [self._python(), "-m", "pip", "--disable-pip-version-check", "install", "--no-compile", "-q", *pins]
        return [[sys.executable, "-m", "venv", "env"], pip]

    def _python(self) -> str:
        return str(self.folder / "env/bin/python")

    def _tests(self) -> Sequence[str]:
        if self.client.language == "node":
            # An ES module looks for packages in the folders above its own, so the tests are copied below them.
            tests = self.folder / "tests"
            shutil.rmtree(tests, ignore_errors=True)
            shutil.copytree(FOLDER / "node", tests)
            found = sorted(str(path) for path in (tests / self.client.folder.name).glob("*.test.mjs"))
            reports = ["--test-reporter=spec", "--test-reporter-destination=stdout"]
            reports += ["--test-reporter=junit", f"--test-reporter-destination={self.report}"]
            return ["node", "--test", *reports, *found]
        # The project's own conftest and settings are not of the client's world: it has a pytest.ini in python/.
        flags = ["-c", str(FOLDER / "python/pytest.ini"), "--confcutdir", str(FOLDER / "python")]
        flags += ["-p", "no:cacheprovider", f"--junitxml={self.report}"]
        return [self._python(), "-P", "-m", "pytest", *flags, str(self.client.folder)]


def tail(log: Path, lines: int = 60) -> str:
    """The last lines of a log; nothing where there is none."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:]) if log.is_file() else ""


@cache
def _runtime(language: str) -> str:
    if language == "python":
        return sys.version
    found = shutil.which("node")
    return subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else ""


def _clean_environ() -> dict[str, str]:
    """This process' environment without what would lead a client elsewhere."""
    foreign = ("EMULATOR_", "OPENAI_", "AZURE_", "PYTHON", "PYTEST_", "VIRTUAL_ENV", "IDENTITY_", "MSI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    proxies = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}
    lower = {name.lower(): value for name, value in proxies.items()}
    return {**kept, **proxies, **lower, "PYTHONDONTWRITEBYTECODE": "1"}


def _addresses(url: str) -> dict[str, str]:
    """The server's address and a key, also by the names that the clients look for themselves."""
    return {"EMULATOR_URL": url, "EMULATOR_KEY": KEY, "OPENAI_API_KEY": KEY, "AZURE_OPENAI_API_KEY": KEY}


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path, seconds: float) -> int:
    """Run a command, at most so long, with its output in a log; its status; 127: no such command, 124: late."""
    with log.open("ab") as said:
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            said.write(f"{command[0]}: {error.strerror}\n".encode())
            return 127
        _running.add(process)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            said.write(f"stopped after {seconds:g} seconds\n".encode())
            return 124
        finally:
            _end_group(process)
            _running.discard(process)


def end_all() -> None:
    """End every command that still runs: none is in the group of who stops this process."""
    for process in tuple(_running):
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it left running; its group was made for it alone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
