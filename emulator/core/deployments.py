"""The deployments that the emulator knows: the how-to page's table as data; it decides no access."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from emulator.core.errors import ApiError

TOOLS = frozenset({"function", "custom", "code_interpreter", "file_search", "mcp", "web_search"})
IMAGE_CALLERS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "o3", "gpt-5*")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment: the `name` that is asked for and the `model` that answers.

    `versions` are newest last but for the first, which a bare name means. `context_window` is in tokens.
    `effort` is the reasoning effort that a request leaves out (None: not a reasoning model).
    """

    name: str
    model: str
    versions: tuple[str, ...] = ()
    vision: bool = True
    effort: str | None = None
    image: bool = False
    tools: frozenset[str] = TOOLS
    context_window: int = 128_000

    @property
    def reasoning(self) -> bool:
        """Whether the model thinks before it answers."""
        return self.effort is not None

    @property
    def image_caller(self) -> bool:
        """Whether it may call the image generation tool."""
        return any(fnmatchcase(self.name, pattern) for pattern in IMAGE_CALLERS)

    @property
    def efforts(self) -> tuple[str, ...]:
        """The reasoning efforts that it accepts."""
        if self.name.startswith("gpt-5.1"):
            return ("none", "low", "medium", "high", "xhigh")
        return ("minimal", "low", "medium", "high", "xhigh")


def _row(name: str, *versions: str, window: int = 128_000, **facts: object) -> Deployment:
    dated = f"{name}-{versions[0]}" if versions and not facts.get("effort") else name
    return Deployment(name, dated, versions, context_window=window, **facts)  # type: ignore[arg-type]


# The how-to page's list. A dated model name is what the page shows for gpt-4o; reasoning models answer undated.
TABLE: tuple[Deployment, ...] = (
    _row("gpt-5.1-codex-max", "2025-12-04", window=400_000, effort="none"),
    _row("gpt-5.1", "2025-11-13", window=400_000, effort="none"),
    _row("gpt-5.1-chat", "2025-11-13", effort="none"),
    _row("gpt-5.1-codex", "2025-11-13", window=400_000, effort="none"),
    _row("gpt-5.1-codex-mini", "2025-11-13", window=400_000, effort="none"),
    _row("gpt-5-pro", "2025-10-06", window=400_000, effort="high"),
    _row("gpt-5-codex", "2025-09-15", "2025-09-11", window=400_000, effort="medium"),
    _row("gpt-5", "2025-08-07", window=400_000, effort="medium"),
    _row("gpt-5-mini", "2025-08-07", window=400_000, effort="medium"),
    _row("gpt-5-nano", "2025-08-07", window=400_000, effort="medium"),
    _row("gpt-5-chat", "2025-10-03", "2025-08-07", tools=frozenset()),
    _row("gpt-4o", "2024-08-06", "2024-11-20", "2024-05-13"),
    _row("gpt-4o-mini", "2024-07-18"),
    _row("computer-use-preview", "2025-03-11", window=8_192, tools=frozenset({"function", "computer_use_preview"})),
    _row("gpt-4.1", "2025-04-14", window=1_047_576),
    _row("gpt-4.1-nano", "2025-04-14", window=1_047_576),
    _row("gpt-4.1-mini", "2025-04-14", window=1_047_576),
    _row("gpt-image-1", "2025-04-15", image=True, tools=frozenset()),
    _row("gpt-image-1-mini", "2025-10-06", image=True, tools=frozenset()),
    _row("o1", "2024-12-17", window=200_000, effort="medium"),
    _row("o3-mini", "2025-01-31", window=200_000, effort="medium", vision=False),
    _row("o3", "2025-04-16", window=200_000, effort="medium"),
    _row("o4-mini", "2025-04-16", window=200_000, effort="medium"),
)
BY_NAME = {row.name: row for row in TABLE}


def find(name: str, only: tuple[str, ...] = ()) -> Deployment:
    """The deployment that a request names.

    A table name, a table name with one of its versions, or any other name (then a text model with vision, and a
    reasoning one where the name looks like one). With `only`, every other name is `unknown_deployment`.
    """
    if only and name not in only:
        raise ApiError("unknown_deployment", "model", model=name)
    if row := BY_NAME.get(name):
        return row
    for row in TABLE:
        if name.startswith(row.name) and name[len(row.name) + 1 :] in row.versions:
            return Deployment(name, name, (), row.vision, row.effort, row.image, row.tools, row.context_window)
    return Deployment(name, name, effort="medium" if _looks_reasoning(name) else None)


def _looks_reasoning(name: str) -> bool:
    return fnmatchcase(name, "o[0-9]*") or (fnmatchcase(name, "gpt-5*") and "chat" not in name)
