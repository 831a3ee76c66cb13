"""The page's samples against the real server: one `page` for each test, in a folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.conftest import RunningServer
from tests.sdk import play
from tests.sdk.belongings import lay_out
from tests.sdk.samples import Change, Sample, Try, sample


class Page:
    """Runs samples; `sent` are the calls that Python samples made, `slept` how long they would have waited."""

    def __init__(self, server: RunningServer, folder: Path, sent: list[str], slept: list[float]) -> None:
        self.server = server
        self.folder = folder
        self.sent = sent
        self.slept = slept
        self.http = server.http()
        self._left: list[openai.OpenAI | openai.Stream[Any]] = []

    def text(self, row: Sample, attempt: Try, *, literal: bool = False) -> str:
        """A sample's text with fresh ids, or with the printed ones."""
        ids = {} if literal else play.ids_for(row, self.http)
        self.sent.clear()
        return row.text(self.server.url, attempt, ids)

    def run(self, text: str) -> play.Ran:
        """Run Python in this process; its clients and streams stay open until the test ends."""
        ran = play.python_here(text)
        self._left.extend(value for value in ran.names.values() if isinstance(value, openai.OpenAI | openai.Stream))
        return ran

    def close(self) -> None:
        """Close what samples left open."""
        for left in reversed(self._left):
            left.close()
        self.http.close()

    def python(self, file: str, *changes: Change, literal: bool = False) -> play.Ran:
        """Run a Python sample in this process."""
        return self.run(self.text(sample(file), Try("changed", changes=changes), literal=literal))

    def curl(self, file: str, *changes: Change, literal: bool = False) -> httpx.Response:
        """Send what a curl sample would send."""
        text = self.text(sample(file), Try("changed", changes=changes), literal=literal)
        return play.curl_as_http(text, self.folder)


@pytest.fixture
def page(server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", play.KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    sent: list[str] = []
    # The newest openai brings an HTTP client of its own, a fork of httpx.
    with openai.OpenAI(api_key=play.KEY) as client:
        senders = [next(kind for kind in type(client._client).__mro__ if "send" in vars(kind)), httpx.Client]
    for kind in dict.fromkeys(senders):
        monkeypatch.setattr(kind, "send", _listening(kind.send, sent))
    page = Page(server, tmp_path, sent, slept)
    yield page
    page.close()


def _listening(send: Callable[..., Any], sent: list[str]) -> Callable[..., Any]:
    """`send` that writes down each call as the table tells it, such as `GET /responses/{id}`."""

    def listening(self: Any, request: Any, **options: Any) -> Any:
        path = request.url.path.removeprefix("/openai").removeprefix("/v1")
        parts = ["{id}" if part.startswith("resp_") else part for part in path.split("/")]
        sent.append(f"{request.method} {'/'.join(parts)}")
        return send(self, request, **options)

    return listening
