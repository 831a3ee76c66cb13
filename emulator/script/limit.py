"""What a deployment may use in a time, as data; it counts nothing."""

from typing import Any

from emulator.core.records import dataclass
from emulator.script.node import Node, node_of

REQUEST_SECONDS = 10.0
TOKEN_SECONDS = 60.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """`most` units of a kind (`requests` or `tokens`) in `length` seconds; `limit` is that of a minute."""

    unit: str
    limit: int
    most: int
    length: float


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one deployment a minute; None: without."""

    deployment: str
    requests: int | None = None
    tokens: int | None = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """As Azure judges them: tokens over a minute, requests over ten seconds (a rarer one over its own share)."""
        windows = []
        if self.requests is not None:
            length = max(REQUEST_SECONDS, MINUTE / self.requests)
            windows.append(Window("requests", self.requests, int(self.requests * length / MINUTE + 1e-9), length))
        if self.tokens is not None:
            windows.append(Window("tokens", self.tokens, self.tokens, TOKEN_SECONDS))
        return tuple(windows)

    def to_dict(self) -> dict[str, Any]:
        """The limit as it is kept and shown."""
        return {
            "deployment": self.deployment,
            "requests_per_minute": self.requests,
            "tokens_per_minute": self.tokens,
        }


def read_limit(data: Any, where: str = "the limit") -> Limit:
    """Read a limit from plain data or a Node; raises FixtureError, which says what is wrong in one line."""
    node = data if isinstance(data, Node) else node_of(data, where, "limit")
    entries = node.mapping(("deployment", "requests_per_minute", "tokens_per_minute"))
    if "deployment" not in entries:
        node.wrong(f"{node.label} needs 'deployment'")
    numbers = {
        key: entries[key].integer(1)
        for key in ("requests_per_minute", "tokens_per_minute")
        if key in entries and entries[key].value is not None
    }
    if not numbers:
        node.wrong(f"{node.label} needs 'requests_per_minute', 'tokens_per_minute' or both")
    return Limit(entries["deployment"].filled(), numbers.get("requests_per_minute"), numbers.get("tokens_per_minute"))
