"""Fixtures from Python: conditions and steps become plain data, and the server reads them; nothing is matched here."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.testing.steps import Step
from emulator.testing.wire import EmulatorError

Source = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | Path
Ask = Callable[..., Any]
PATH = "/fixtures"


class Scripted:
    """A fixture that the server has; `data` is what it said of it, such as `id` and `name`."""

    def __init__(self, ask: Ask, data: Mapping[str, Any]) -> None:
        self._ask = ask
        self.data = dict(data)

    def __repr__(self) -> str:
        return f"<fixture {self.name!r}>"

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.data["name"])

    @property
    def hits(self) -> int:
        """How often it has answered so far; raises EmulatorError where it was removed."""
        for row in self._ask("GET", PATH)["data"]:
            if row["id"] == self.data["id"]:
                return int(row["hits"])
        raise EmulatorError(f"the fixture {self.name!r} is not there any more")

    def remove(self) -> None:
        """Take it away; raises EmulatorError where it is one of the server's files, or gone."""
        self._ask("DELETE", f"{PATH}/{self.data['id']}")


class Condition:
    """What `emulator.when(...)` gives: it waits for what the model then does."""

    def __init__(self, add: Callable[[Mapping[str, Any]], list[Scripted]], when: Mapping[str, Any]) -> None:
        self._add = add
        self._when = when

    def then(self, *steps: Step, **options: Any) -> Scripted:
        """Answer with these steps. `options` are keys of a fixture: name, priority, times, stream, background ..."""
        return self._added({"then": list(steps)}, options)

    def sequence(self, *turns: Step | Iterable[Step], **options: Any) -> Scripted:
        """Answer the first match with the first turn, and so on: each is a step or a list of them."""
        rows = [[turn] if isinstance(turn, Mapping) else list(turn) for turn in turns]
        return self._added({"sequence": rows}, options)

    def _added(self, says: Mapping[str, Any], options: Mapping[str, Any]) -> Scripted:
        return self._add({**options, "when": dict(self._when), **says})[0]


class Scripts:
    """The fixtures of a namespace that were added at run time."""

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        raise NotImplementedError

    def when(self, **conditions: Any) -> Condition:
        """The conditions of a fixture, as in its `when`; none at all is every request."""
        if "not_" in conditions:  # `not` is a word of Python
            conditions["not"] = conditions.pop("not_")
        return Condition(self.add_fixtures, conditions)

    def add_fixtures(self, source: Source) -> list[Scripted]:
        """Add one fixture, a list, or those of a file or folder; raises EmulatorError for what is wrong in them."""
        data = _read(Path(source)) if isinstance(source, str | Path) else source
        answer = self._ask("POST", PATH, data)
        return [Scripted(self._ask, row) for row in answer["data"]]

    def serve_url(self, url: str, data: bytes | str | Path = b"", *, fail: str | None = None) -> Scripted:
        """Say what a URL of the input leads to: bytes, a file's bytes, or with `fail` the code of the error."""
        if fail is not None:
            return self.add_fixtures({"url": url, "fail": fail})[0]
        found = data if isinstance(data, bytes) else Path(data).read_bytes()
        return self.add_fixtures({"url": url, "base64": b64encode(found).decode()})[0]

    @property
    def fixtures(self) -> list[Scripted]:
        """All fixtures of the namespace in order of precedence, those of the server's files too."""
        return [Scripted(self._ask, row) for row in self._ask("GET", PATH)["data"]]

    def clear_fixtures(self) -> None:
        """Remove those that were added; the files of the server stay."""
        self._ask("DELETE", PATH)

    def assert_all_fixtures_used(self, *, files: bool = False) -> None:
        """Raise AssertionError with the names of those that answered nothing; with `files` also those of its files."""
        rows = [row for row in self._ask("GET", PATH)["data"] if files or row["source"] != "file"]
        unused = [f"{row['name']!r} ({row['where']})" for row in rows if not row["hits"]]
        if unused:
            raise AssertionError(f"{len(unused)} of {len(rows)} fixtures answered nothing: {', '.join(unused)}")


def _read(path: Path) -> list[dict[str, Any]]:
    """The fixtures of a file or folder as plain data; raises EmulatorError with file, line and key."""
    from emulator.script.load import sources
    from emulator.script.node import FixtureError

    try:
        return sources(path)
    except FixtureError as error:
        raise EmulatorError(str(error)) from error
