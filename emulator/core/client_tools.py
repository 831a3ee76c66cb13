"""The tools of a request that the client runs, each with its path, those in groups too; it checks and calls none."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
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


def client_tools(tools: Iterable[Tool], more: Iterable[tuple[str, Tool]] = ()) -> Iterator[ClientTool]:
    """The functions and custom tools among checked tools, in the order in which they are offered.

    `more` are tools that items bring, each with its path.
    """
    own = ((f"tools[{number}]", tool) for number, tool in enumerate(tools))
    for path, tool in chain(own, more):
        if tool["type"] in KINDS:
            yield ClientTool(tool, path)
        elif tool["type"] == GROUP:
            for inner, member in enumerate(tool["tools"]):
                yield ClientTool(member, f"{path}.tools[{inner}]", tool["name"])
