"""Run a sample as a user would, or faster: Python apart or in this process, curl by itself or as raw HTTP.

It makes the things whose ids the page prints; what must come of a run is in `samples.py`.
"""

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai

from tests.pdfs import pdf
from tests.sdk.samples import Sample

KEY = "a-key"
ENDED = re.compile(r"^(?:\w+\.)*(\w+)(?:: (.*))?$")
STATUS = re.compile(r"Error code: (\d{3})\b")
# `curl GET URL` asks a host called GET first: that question stays on this machine and is answered at once.
CURLRC = """silent
show-error
noproxy = "*"
connect-to = "GET:80:127.0.0.1:1"
write-out = "\\n%{http_code}\\n"
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: `outcome` is `ok`, an HTTP status, or the name of what the client raised."""

    outcome: str
    output: str
    names: dict[str, Any] = field(default_factory=dict, repr=False)


def stand_in(kind: str, http: httpx.Client) -> str:
    """Make a response, a background one, a streamed background one or a file; returns its id."""
    if kind == "file":
        made = http.post("/files", data={"purpose": "assistants"}, files={"file": ("a.pdf", pdf("A page"))})
        return str(made.raise_for_status().json()["id"])
    body: dict[str, Any] = {"model": "gpt-4.1-nano", "input": "This is a test."}
    if kind != "response":
        body = {"model": "o3", "input": "Write me a very long story", "background": True}
    if kind == "stream":
        body["stream"] = True
    made = http.post("/responses", json=body).raise_for_status()
    found = re.search(r'"id": ?"(resp_\w+)"', made.text)
    assert found, made.text
    return found[1]


def ids_for(sample: Sample, http: httpx.Client) -> dict[str, str]:
    """Fresh ids for those that the page prints."""
    asked = ask_for_approval(http) if "approval" in sample.ids.values() else {}
    return {printed: asked.get(kind) or stand_in(kind, http) for printed, kind in sample.ids.items()}


def ask_for_approval(http: httpx.Client) -> dict[str, str]:
    """A response that asks for an approval, and the id of its request."""
    tool = {"type": "mcp", "server_label": "github", "server_url": "https://contoso.com/mcp"}
    body = {"model": "gpt-4.1", "input": "What is this repo in 100 words?", "tools": [tool]}
    made = http.post("/responses", json=body).raise_for_status().json()
    return {"asking": made["id"], "approval": made["output"][-1]["id"]}


def environment(folder: Path) -> dict[str, str]:
    """What a user would have set, and nothing of this machine that changes what is sent."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    kept = {name: value for name, value in kept.items() if not name.startswith(("OPENAI_", "AZURE_", "EMULATOR_"))}
    (folder / ".curlrc").write_text(CURLRC)
    mine = {"AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_AUTH_TOKEN": KEY, "CURL_HOME": str(folder)}
    return {**kept, **mine, "PYTHONIOENCODING": "utf-8"}


def python_here(text: str) -> Ran:
    """Run Python in this process; the caller has set the folder and the environment."""
    said = io.StringIO()
    outcome = "ok"
    with ExitStack() as files, redirect_stdout(said):
        # A sample may leave its file open.
        names: dict[str, Any] = {
            "__name__": "__main__",
            "open": lambda name, mode: files.enter_context(Path(name).open(mode)),
        }
        try:
            exec(compile(text, "sample.py", "exec"), names)  # noqa: S102 (the sample is what is tested)
        except openai.APIStatusError as error:
            outcome = str(error.status_code)
            said.write(f"{error}\n{error.response.headers}")
        except (SyntaxError, TypeError, NameError) as error:
            outcome = type(error).__name__
            said.write(str(error))
    return Ran(outcome, said.getvalue(), names)


def python_apart(text: str, folder: Path, server: str) -> Ran:
    """Run Python as a user does: a file, a process of its own, the real client, and the server's managed identity."""
    identity = {"IDENTITY_ENDPOINT": f"{server}/_emulator/entra/msi", "IDENTITY_HEADER": KEY}
    (folder / "sample.py").write_text(text, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "sample.py"],
        cwd=folder, env=environment(folder) | identity, capture_output=True, text=True, encoding="utf-8", timeout=120,
        check=False,
    )  # fmt: skip
    if ran.returncode == 0:
        return Ran("ok", ran.stdout)
    last = ran.stderr.strip().rpartition("\n")[2] or f"exit status {ran.returncode}"
    found, status = ENDED.match(last), STATUS.search(last)
    name = found[1] if found else last
    return Ran(status[1] if status else name, last)


def curl_apart(text: str, folder: Path) -> Ran:
    """Run a shell line with the real curl."""
    ran = subprocess.run(
        ["sh", "-c", text],
        cwd=folder, env=environment(folder), capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    output, _, status = ran.stdout.rstrip("\n").rpartition("\n")
    ok = status.startswith("2")
    return Ran("ok" if ok else status or ran.stderr.strip(), output)


def curl_as_http(text: str, folder: Path) -> httpx.Response:
    """Send what curl would send, without curl; of several URLs the last one counts."""
    request = _request(_words(text), folder)
    with httpx.Client(timeout=60, trust_env=False) as http:
        return http.send(http.build_request(**request))


def ran_as_http(text: str, folder: Path) -> Ran:
    """As `curl_as_http`, told like every other run."""
    answer = curl_as_http(text, folder)
    return Ran("ok" if answer.is_success else str(answer.status_code), answer.text)


def _words(text: str) -> list[str]:
    """The words of a shell line up to an unquoted `&`, where the shell ends the command."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words = [word.replace("$AZURE_OPENAI_AUTH_TOKEN", KEY) for word in lexer]
    return words[: words.index("&")] if "&" in words else words


def _request(words: list[str], folder: Path) -> dict[str, Any]:
    assert words[0] == "curl"
    request: dict[str, Any] = {"method": "GET", "headers": {}}
    rest = iter(words[1:])
    for word in rest:
        if not word.startswith("-"):
            request["url"] = word
            continue
        value = next(rest)
        if word == "-X":
            request["method"] = value
        elif word == "-H":
            name, _, told = value.partition(": ")
            request["headers"][name] = told
        else:
            request["method"] = "POST"
            _add_body(request, word, value, folder)
    return request


def _add_body(request: dict[str, Any], flag: str, value: str, folder: Path) -> None:
    if flag == "-d":
        request["content"] = value.replace("\n", "").encode()  # as curl does
        return
    assert flag == "-F"
    name, _, told = value.partition("=")
    if told.startswith("@"):
        request["files"] = {name: (told[1:], (folder / told[1:]).read_bytes())}
    else:
        request.setdefault("data", {})[name] = told
