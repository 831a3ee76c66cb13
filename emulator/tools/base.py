"""What a tool is: it turns one scripted step into its item's events; it reads no store and no clock."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from emulator.core.emit import Emissions
from emulator.core.ids import ItemIds

Chunks = Callable[[str], Sequence[str]]


class Tool(Protocol):
    """One tool, chosen by the kind of a step."""

    def emit(self, step: Any, index: int, ids: ItemIds, chunks: Chunks, status: str) -> Emissions:
        """The events of one item at `output_index` `index`, which ends with `status`."""
