"""The web search tool: its item with an action and its phases; it searches nothing.

`fields`: `action` (search with `query` and `sources`, open_page with `url`, or find_in_page with `pattern` and `url`)
and, where the search did not succeed, `status`.
"""

from emulator.core import emit
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Tool

PHASES = ("in_progress", "searching", "completed")


class WebSearch(Tool):
    """Emits `web_search_call` items."""

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one `web_search_call` item; at first only the kind of its action is known."""
        action = step.fields["action"]
        done = {
            "id": ids.item("ws_"),
            "type": "web_search_call",
            "status": step.fields.get("status", "completed"),
            "action": action,
        }
        unknown = {name: "" for name in ("query", "url", "pattern") if name in action}
        begun = {**done, "status": "in_progress", "action": {"type": action["type"], **unknown}}
        return emit.phases(begun, done, index, "response.web_search_call", PHASES)


TOOL = WebSearch()
