"""The deployments that the emulator knows: the how-to page's table as data; it decides no access."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.records import dataclass

TOOLS = frozenset({"function", "custom", "code_interpreter", "file_search", "mcp", "web_search"})
COMPUTER_TOOLS = frozenset({"function", "computer_use_preview"})
IMAGE_CALLERS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "o3", "gpt-5", "gpt-5[-.]*")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
# The day of the oldest Responses API: of a deployment without a version nothing better is known.
_FIRST_DAY = "2025-03-11"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment: the `name` that is asked for and the `model` that answers (docs/reference/models.md).

    The first of `versions` is the one that a bare name means. `context_window` is in tokens. `effort` is the
    reasoning effort that a request leaves out (None: not a reasoning model), `efforts` are those that it takes.
    `image`: it makes images itself; `image_caller`: it may call the image generation tool.
    """

    name: str
    model: str
    versions: tuple[str, ...] = ()
    vision: bool = True
    effort: str | None = None
    image: bool = False
    tools: frozenset[str] = TOOLS
    context_window: int = 128_000
    efforts: tuple[str, ...] = EFFORTS
    image_caller: bool = True
    preview: bool = False

    @property
    def reasoning(self) -> bool:
        """Whether the model thinks before it answers."""
        return self.effort is not None

    @property
    def created(self) -> int:
        """The day of its version, in seconds since 1970."""
        day = self.versions[0] if self.versions else _FIRST_DAY
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _row(name: str, *versions: str, window: int = 128_000, **facts: Any) -> Deployment:
    dated = name if facts.get("effort") else f"{name}-{versions[0]}"
    caller = any(fnmatchcase(name, pattern) for pattern in IMAGE_CALLERS)
    efforts = facts.pop("efforts", "").split()
    return Deployment(
        name,
        dated,
        versions,
        context_window=window,
        efforts=tuple(efforts),
        image_caller=caller,
        **facts,
    )


# The how-to page's list. A dated model name is what the page shows for gpt-4o; reasoning models answer undated.
TABLE: tuple[Deployment, ...] = (
    _row("gpt-5.1-codex-max", "2025-12-04", window=400_000, effort="medium", efforts="low medium high xhigh"),
    _row("gpt-5.1", "2025-11-13", window=400_000, effort="none", efforts="none low medium high"),
    _row("gpt-5.1-chat", "2025-11-13", effort="medium", efforts="medium"),
    _row("gpt-5.1-codex", "2025-11-13", window=400_000, effort="medium", efforts="low medium high"),
    _row("gpt-5.1-codex-mini", "2025-11-13", window=400_000, effort="medium", efforts="low medium high"),
    _row("gpt-5-pro", "2025-10-06", window=400_000, effort="high", efforts="high"),
    _row("gpt-5-codex", "2025-09-15", "2025-09-11", window=400_000, effort="medium", efforts="low medium high"),
    _row("gpt-5", "2025-08-07", window=400_000, effort="medium", efforts="minimal low medium high"),
    _row("gpt-5-mini", "2025-08-07", window=400_000, effort="medium", efforts="minimal low medium high"),
    _row("gpt-5-nano", "2025-08-07", window=400_000, effort="medium", efforts="minimal low medium high"),
    _row("gpt-5-chat", "2025-10-03", "2025-08-07", tools=frozenset()),
    _row("gpt-4o", "2024-08-06", "2024-11-20", "2024-05-13"),
    _row("gpt-4o-mini", "2024-07-18"),
    _row("computer-use-preview", "2025-03-11", window=8_192, tools=COMPUTER_TOOLS, preview=True),
    _row("gpt-4.1", "2025-04-14", window=1_047_576),
    _row("gpt-4.1-nano", "2025-04-14", window=1_047_576),
    _row("gpt-4.1-mini", "2025-04-14", window=1_047_576),
    _row("gpt-image-1", "2025-04-15", image=True, tools=frozenset(), preview=True),
    _row("gpt-image-1-mini", "2025-10-06", image=True, tools=frozenset(), preview=True),
    _row("o1", "2024-12-17", window=200_000, effort="medium", efforts="low medium high"),
    _row("o3-mini", "2025-01-31", window=200_000, effort="medium", efforts="low medium high", vision=False),
    _row("o3", "2025-04-16", window=200_000, effort="medium", efforts="low medium high"),
    _row("o4-mini", "2025-04-16", window=200_000, effort="medium", efforts="low medium high"),
)


def _named() -> Iterator[Deployment]:
    """Every row, each followed by one deployment for each of its versions."""
    for row in TABLE:
        yield row
        for version in row.versions:
            dated = f"{row.name}-{version}"
            yield replace(row, name=dated, model=dated, versions=(version,))


# All that the table has facts about, by its bare and by its dated names.
BY_NAME = {row.name: row for row in _named()}


def find(name: str, only: tuple[str, ...] = ()) -> Deployment:
    """The deployment that a request names.

    A table name, a table name with one of its versions, or any other name (then a text model with vision, and a
    reasoning one where the name looks like one). With `only`, every other name is `unknown_deployment`.
    """
    if only and name not in only:
        raise ApiError("unknown_deployment", "model", model=name)
    return BY_NAME.get(name) or Deployment(name, name, effort="medium" if _looks_reasoning(name) else None)


def listed(only: tuple[str, ...] = ()) -> tuple[Deployment, ...]:
    """What a list of models shows: the whole table, bare and dated; with `only`, those and no other."""
    if only:
        return tuple(find(name) for name in dict.fromkeys(only))
    return tuple(BY_NAME.values())


def _looks_reasoning(name: str) -> bool:
    return fnmatchcase(name, "o[0-9]*") or (fnmatchcase(name, "gpt-5*") and "chat" not in name)
