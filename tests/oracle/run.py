"""Asks Microsoft's own server of the protocol and the emulator the same, and lists every difference with its reason.

    python tests/oracle/run.py [--all] [--write]

The reasons stand in docs/coverage/oracle.yaml. Exit status 1 where a difference has none, a reason has no difference,
or what was seen is not what docs/coverage/oracle_found.yaml says; `--write` writes that file, `--all` prints all.
"""

import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from socket import create_server
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = "azure-ai-agentserver-responses==2.3.0"
ENVIRONMENT = ROOT / "build" / "oracle"
REASONS = ROOT / "docs" / "coverage" / "oracle.yaml"
FOUND = ROOT / "docs" / "coverage" / "oracle_found.yaml"
HEAD = "# Written by `make oracle ARGS=--write`: what was seen, by the reasons of oracle.yaml.\n"
Row = dict[str, Any]
ENDED = ("completed", "failed", "incomplete", "cancelled")
PATIENCE = 60.0  # seconds for a server to start, and for an answer
PAUSE = 0.05
ABSENT = object()
SHOWN = 100  # characters of a value
_ID = re.compile(r"\b(caresp|resp|msg|item|conv)_[A-Za-z0-9]{20,}\b|\b[0-9a-f]{32}\b")
_NAMED = re.compile(r"\{(\w+)(:unknown)?\}")
_NUMBERS = ("created_at", "completed_at")
HEADERS = ("content-type", "cache-control", "connection")


class Seen(NamedTuple):
    """One answer: its facts by name, such as `status`, `body` or `events`, and the Response's id and status."""

    facts: dict[str, Any]
    response_id: str | None
    status: str | None


class Difference(NamedTuple):
    """One fact of one request that the two servers answer otherwise, by its path, such as `body.error.code`."""

    request: str
    fact: str
    theirs: str
    ours: str


class Client:
    """One of the two servers; remembers the ids of its responses by the names that the requests give them."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._ids: dict[str, str] = {}

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send one request, again and again where it is asked for, and tell the last answer's facts."""
        for _ in range(int(PATIENCE / PAUSE)):
            seen = self._once(asked)
            if "until" not in asked or seen.status in ENDED:
                break
            threading.Event().wait(PAUSE)
        if "id" in asked and seen.response_id:
            self._ids[asked["id"]] = seen.response_id
        return seen.facts

    def _once(self, asked: dict[str, Any]) -> Seen:
        method, path = self._named(asked["call"]).split(" ")
        raw = asked.get("raw", self._named(json.dumps(asked["body"])) if "body" in asked else None)
        headers = {"content-type": "application/json", "authorization": "Bearer key"}
        data = raw.encode() if raw is not None else None
        request = urllib.request.Request(self._base + path, data, headers, method=method)  # noqa: S310 (loopback)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return _seen(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return _seen(error.code, error.headers, error.read().decode())

    def _named(self, text: str) -> str:
        def known(found: re.Match[str]) -> str:
            name, unknown = found.groups()
            if name not in self._ids:
                return found.group()
            response_id = self._ids[name]
            return response_id[:-4] + "0000" if unknown else response_id

        return _NAMED.sub(known, text)


def _seen(status: int, headers: Any, body: str) -> Seen:
    facts: dict[str, Any] = {"status": status}
    facts |= {f"header {name}": value for name in HEADERS if (value := headers.get(name))}
    if "text/event-stream" not in facts.get("header content-type", ""):
        try:
            told = json.loads(body)
        except ValueError:
            return Seen({**facts, "body": body[:200]}, None, None)
        whole = told if isinstance(told, dict) else {}
        return Seen({**facts, "body": told}, whole.get("id"), whole.get("status"))
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]
    facts["events"] = ", ".join(f"{event.get('sequence_number')} {event['type']}" for event in events)
    for event in events:  # of a type the last one; of the lifecycle's Responses the last one only
        facts[event["type"]] = {name: event[name] for name in event if name not in ("response", "sequence_number")}
    last = events[-1].get("response", {}) if events else {}
    return Seen({**facts, "body": last}, last.get("id"), last.get("status"))


def _apart(theirs: Any, ours: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """The paths at which two JSON values part, and what stands there, as high up as one side has nothing."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in dict.fromkeys((*theirs, *ours)):
            yield from _apart(theirs.get(name, ABSENT), ours.get(name, ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for at, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from _apart(one, other, f"{path}[{at}]")
    elif (one := _leaf(theirs, path)) != (other := _leaf(ours, path)):
        yield path, one, other


def _named(text: str) -> str:
    """A text with its ids as what they are."""
    return _ID.sub(lambda found: f"an id of {(found.group(1) or 'request').removeprefix('ca')}", text)


def _leaf(value: Any, path: str) -> str:
    """A value as it is shown; ids, times and letters, which nobody can expect to be equal, as what they are."""
    if value is ABSENT:
        return "absent"
    if path.endswith(_NUMBERS) and isinstance(value, int):
        return "a time"
    if path.endswith(".obfuscation"):
        return "letters"
    text = _named(json.dumps(value))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def play() -> list[Difference]:
    """Ask both servers everything; all differences, in the order of the requests."""
    with ExitStack() as open_:
        theirs, ours = Client(open_.enter_context(_theirs())), Client(open_.enter_context(_ours()))
        found: list[Difference] = []
        for asked in yaml.safe_load((HERE / "requests.yaml").read_text("utf-8")):
            one, other = theirs.ask(asked), ours.ask(asked)
            found += [Difference(asked["name"], *parted) for parted in _parted(one, other)]
        return found


def _parted(theirs: dict[str, Any], ours: dict[str, Any]) -> list[tuple[str, str, str]]:
    """How two answers part: by all their facts, or, where one refuses what the other does, by that alone."""
    if theirs["status"] != ours["status"]:
        return [("status", _outcome(theirs), _outcome(ours))]
    return list(_apart(theirs, ours, ""))


def _outcome(facts: dict[str, Any]) -> str:
    body = facts.get("body")
    error = body.get("error") if isinstance(body, dict) else None
    return _named(f"{facts['status']} {error['message'] if error else ''}".rstrip())


@contextmanager
def _theirs() -> Iterator[str]:
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [ENVIRONMENT / "bin" / "python", HERE / "answers.py", str(port)]
    with (ENVIRONMENT / "server.log").open("wb") as log, _ended(subprocess.Popen(command, stdout=log, stderr=log)):
        base = f"http://127.0.0.1:{port}"
        for _ in range(int(PATIENCE / PAUSE)):
            with suppress(OSError):
                urllib.request.urlopen(f"{base}/readiness", timeout=PATIENCE).close()  # noqa: S310
                break
            threading.Event().wait(PAUSE)
        yield base


@contextmanager
def _ours() -> Iterator[str]:
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--fixtures", HERE / "fixtures.yaml"]
    server = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with _ended(server):
        assert server.stdout is not None
        yield re.search(r"url=(\S+)", server.stdout.readline()).group(1)  # type: ignore[union-attr]


@contextmanager
def _ended(server: "subprocess.Popen[Any]") -> Iterator[None]:
    try:
        yield
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout:
            server.stdout.close()


def set_up() -> None:
    """The oracle's own environment, once for each version."""
    stamp = ENVIRONMENT / "made"
    if stamp.exists() and stamp.read_text() == PACKAGE:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q", PACKAGE]
    subprocess.run(pip, check=True)
    stamp.write_text(PACKAGE)


def reason_of(difference: Difference, rows: list[Row]) -> Row | None:
    """The first row that is meant for a difference: its `requests` and `facts` are patterns."""
    for row in rows:
        if _any(difference.request, row.get("requests", ["*"])) and _any(difference.fact, row["facts"]):
            return row
    return None


def _any(text: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)


def _told(found: list[Difference], rows: list[Row]) -> list[Row]:
    """What was seen, as the coverage page shows it: for each reason its facts, how many requests, and an example."""
    told = []
    for row in rows:
        meant = [one for one in found if reason_of(one, rows) is row]
        if meant:
            first = meant[0]._asdict()
            facts = sorted({one.fact for one in meant})
            told.append(
                {"facts": facts, "requests": len({one.request for one in meant}), "example": first}
                | {name: row[name] for name in ("reason", "evidence")}
            )
    return told


def main(args: list[str]) -> int:
    """Play, compare with what is written, and say so; the exit status."""
    set_up()
    rows: list[Row] = yaml.safe_load(REASONS.read_text("utf-8"))["reasons"]
    found = play()
    new = [one for one in found if reason_of(one, rows) is None]
    used = [reason_of(one, rows) for one in found]
    idle = [row for row in rows if row not in used]
    for one in found if "--all" in args else new:
        print(f"{one.request}: {one.fact}: theirs {one.theirs}, ours {one.ours}")
    for row in idle:
        print(f"no difference for the reason: {row['reason']}")
    written = yaml.safe_dump({"package": PACKAGE, "found": _told(found, rows)}, sort_keys=False, width=150)
    stale = not FOUND.exists() or FOUND.read_text("utf-8") != HEAD + written
    if "--write" in args:
        FOUND.write_text(HEAD + written, "utf-8")
    elif stale:
        print(f"{FOUND.relative_to(ROOT)} is stale: make oracle ARGS=--write, then python docs/make.py")
    print(f"{PACKAGE}: {len(found)} differences, {len(new)} without a reason, {len(idle)} reasons without a difference")
    return 1 if new or idle or (stale and "--write" not in args) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
