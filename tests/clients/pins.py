"""Reads clients.yaml, the pinned clients; it installs and runs nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
PINS = FOLDER / "clients.yaml"
LANGUAGES = ("python", "node")
CORE = ("text", "stream", "tools", "structured", "chaining")  # what every client must show
SCENARIOS = (
    *CORE, "background", "resume", "conversation", "errors", "reasoning", "hosted", "files", "identity",
)  # fmt: skip


class PinsError(Exception):
    """clients.yaml cannot be used: one line that says what and where."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client: its packages with their versions, the folder of its tests, and the flags of its server."""

    name: str
    language: str
    folder: Path
    packages: Mapping[str, str]
    common: Mapping[str, str]
    about: str
    server: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version of its first package, which the client is."""
        return next(iter(self.packages.values()))

    @property
    def wanted(self) -> dict[str, str]:
        """All that its environment needs: its own packages and those of the tests."""
        return {**self.packages, **self.common}

    def stamp(self, runtime: str) -> str:
        """A hash of the pins and of the language's own version: as long as it is the same, so is the environment."""
        return hashlib.sha256(json.dumps([runtime, self.wanted]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pins:
    """All clients, in the order of the file, and the environment that they share."""

    clients: tuple[Client, ...]
    environ: Mapping[str, str]


def read_pins(path: Path = PINS) -> Pins:
    """The clients of a file; raises PinsError. Folders are looked for beside it, in `python/` and `node/`."""
    data = yaml.safe_load(path.read_text("utf-8"))
    clients = []
    for row in data["clients"]:
        language = row["language"]
        if language not in LANGUAGES:
            raise PinsError(f"{path.name}: {row['name']}: the language {language} is none of {', '.join(LANGUAGES)}")
        folder = path.parent / language / row.get("folder", row["name"])
        if not folder.is_dir():
            raise PinsError(f"{path.name}: {row['name']}: there is no folder {folder.relative_to(path.parent)}")
        common = (data.get("common") or {}).get(language) or {}
        about, server = row.get("note", ""), tuple(row.get("server", ()))
        clients.append(Client(row["name"], language, folder, row["packages"], common, about, server))
    names = [client.name for client in clients]
    if len(set(names)) < len(names):
        raise PinsError(f"{path.name}: two clients have the same name")
    return Pins(tuple(clients), data.get("environ") or {})


def scenario_of(test: str) -> str | None:
    """The scenario of a test by its name, such as `test_stream_in_order` or `stream: in order`; None: it has none."""
    words = test.removeprefix("test_").replace(":", " ").replace("_", " ").split()
    return words[0] if words and words[0] in SCENARIOS else None
