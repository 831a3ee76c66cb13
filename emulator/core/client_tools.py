"""The tools of a request that the client runs, each with its path, those in groups too; it checks and calls none."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.records import dataclass

Tool = Mapping[str, Any]

GROUP = "namespace"  # the wire's type of a group of tools; it has nothing to do with a namespace of the emulator
KINDS = ("function", "custom")


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A function or custom tool: `path` is where the request offers it, such as `tools[2].tools[0]`.

    `group` is the name of the group that it is in, None where it is offered by itself.
    """

    tool: Tool
    path: str
    group: str | None = None

    @property
    def by_item(self) -> bool:
        """Whether an item brings it: then it is as it was sent, without the defaults of the request's own."""
        return self.path.startswith("input")


def client_tools(tools: Sequence[Tool], more: Sequence[tuple[str, Tool]] = ()) -> list[ClientTool]:
    """The functions and custom tools among checked tools, in the order in which they are offered.

    `more` are tools that items bring, each with its path.
    """
    found: list[ClientTool] = []
    if not (tools or more):
        return found
    for path, tool in (*((f"tools[{number}]", tool) for number, tool in enumerate(tools)), *more):
        if tool["type"] in KINDS:
            found.append(ClientTool(tool, path))
        elif tool["type"] == GROUP:
            members = enumerate(tool["tools"])
            found += [ClientTool(member, f"{path}.tools[{inner}]", tool["name"]) for inner, member in members]
    return found
