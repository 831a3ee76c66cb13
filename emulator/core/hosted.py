"""A call of a hosted tool as a plan holds it, before its events are made; it runs nothing and reaches nothing."""

from dataclasses import field
from typing import Any, ClassVar

from emulator.core.records import dataclass

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HostedCall:
    """One output item of a hosted tool: its `type` and the `fields` that its tool makes the item from.

    The tool in `emulator/tools/` that owns the type says which fields there are. `work` is what must be done outside
    before the item can end (None: nothing, or it is done), `done` when it was, in seconds from the run's start.
    """

    kind: ClassVar[str] = "hosted_call"
    type: str
    fields: Object = field(default_factory=dict)
    work: Object | None = None
    done: float = 0.0

    def ends(self, status: str) -> str:
        """The status that its item ends with where the run's is `status`: its own, unless that is `completed`."""
        own: str = self.fields.get("status", "completed")
        return status if own == "completed" else own

    def written(self) -> str:
        """What the model itself wrote of it: that is what is billed."""
        written = [self.fields[name] for name in WRITTEN if self.fields.get(name)]
        return "\n".join("\n".join(found) if isinstance(found, list) else str(found) for found in written)


WRITTEN = ("name", "code", "arguments", "query", "queries", "prompt")
