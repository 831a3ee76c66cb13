"""What a tool is: it checks how it is offered, completes and emits its items, does outside work; it reads no store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Protocol

from emulator.core.chain import ChainState
from emulator.core.deployments import Deployment
from emulator.core.dialects import Dialect
from emulator.core.emit import Emissions
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest
from emulator.settings import Settings

Object = dict[str, Any]
Chunks = Callable[[str], Sequence[str]]
LOST = "The work on this was lost."


@dataclass(frozen=True, slots=True)
class Ran:
    """What code did: its `outputs` as the wire has them, the files it made, and the status of its call."""

    outputs: tuple[Object, ...]
    files: Mapping[str, bytes]
    status: str = "completed"


class Containers(Protocol):
    """The containers that the code of one run may use."""

    @property
    def runs_code(self) -> bool:
        """Whether code is really run, in a sandbox."""

    async def check(self, asked: str | Object, param: str, warn: Callable[[str], None]) -> None:
        """Refuse the `container` of a tool that is not there, does not run, or asks for files that are not there.

        Files of a type that no container of the service takes are told to `warn`, or refused in strict validation.
        """

    async def open(self, asked: str | Object) -> str:
        """The id of the container that code runs in: the one asked for, the chain's, or a new one, with all files."""

    async def run(self, container_id: str, code: str) -> Ran:
        """Really run code in a container."""


class VectorStores(Protocol):
    """The vector stores that one run may search."""

    async def check(self, store_ids: Sequence[str], param: str) -> None:
        """Refuse vector stores that are not there or have expired."""

    async def search(self, tool: Object, queries: Sequence[str]) -> list[Object]:
        """The results, as the wire has them, for queries in the vector stores of an offered tool."""


class Helpers(Protocol):
    """What the tools of one run share, each made when a tool first asks for it."""

    @property
    def containers(self) -> Containers:
        """Where the run's code runs."""

    @property
    def vector_stores(self) -> VectorStores:
        """Where the run searches."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may reach of one run, handed to it by `run/`.

    `items` are the request's own, normalised; `before` is the chain that it goes on with; `headers` are in lower case;
    `now` is the run's start in seconds of the namespace's clock; `ids` gives what two items of the run share. What a
    tool adds to `warnings` the client is told. `said` are the steps that come before the one at hand; `listed` are the
    tools of the MCP servers that the chain has listed, by label. `goes_on` is what the built-in model says after a call
    that was its own.
    """

    request: CreateRequest
    deployment: Deployment
    dialect: Dialect
    headers: Mapping[str, str]
    items: tuple[Object, ...]
    before: ChainState
    settings: Settings
    response_id: str
    ids: ItemIds
    now: float
    helpers: Helpers
    warnings: list[str] = field(default_factory=list)
    said: tuple[Any, ...] = ()
    listed: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    goes_on: Callable[[HostedCall], tuple[Any, ...]] = lambda _: ()

    @property
    def containers(self) -> Containers:
        """Where the run's code runs."""
        return self.helpers.containers

    @property
    def vector_stores(self) -> VectorStores:
        """Where the run searches."""
        return self.helpers.vector_stores

    def offered(self, *types: str) -> list[Object]:
        """The request's tools of these types, as a response echoes them."""
        return [tool for tool in self.request.tools if tool["type"] in types]


class Tool:
    """One tool, chosen by the type of its item; a tool says only what it does otherwise than this."""

    def check(self, tool: Object, param: str, context: ToolContext) -> None:
        """Refuse a request that offers `tool`, at `param` such as `tools[0]`, in a way that it cannot; ApiError."""

    async def admit(self, tool: Object, param: str, context: ToolContext) -> None:
        """The same for what must be looked up, after `check`."""

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[Any, ...]:
        """The step with what it needs before the run starts, and the steps that must come before it or follow from it.

        With `work` it says what must be done outside. Nothing is stored yet; ApiError refuses the request.
        """
        return (step,)

    async def work(self, step: HostedCall, context: ToolContext) -> HostedCall:
        """Do the outside work of a step, once; what goes wrong becomes the item's.

        ApiError is what the whole response fails with: a plain answer is that error, a stream ends as failed.
        """
        return replace(step, work=None)

    def abandoned(self, step: HostedCall, reason: str = LOST) -> HostedCall:
        """The step as it ends when its work failed or was lost, because the server that did it died."""
        return replace(step, work=None, fields={**step.fields, "status": "failed"})

    def emit(self, step: Any, index: int, ids: ItemIds, chunks: Chunks, status: str) -> Emissions:
        """The events of one item at `output_index` `index`, which ends with `status` unless it says another."""
        raise TypeError(f"{type(self).__name__} emits nothing")
