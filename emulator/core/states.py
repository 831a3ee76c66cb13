"""The states of a response and the ways between them, as one table; it moves nothing itself."""

from collections.abc import Mapping

ENDED = frozenset({"completed", "failed", "incomplete", "cancelled"})
STATUSES = frozenset({"queued", "in_progress"}) | ENDED

# queued -> completed in one step is normal: with no delays a run is over before anyone looks.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"queued", "in_progress"}) | ENDED,
    "in_progress": frozenset({"in_progress"}) | ENDED,
    **{status: frozenset() for status in ENDED},
}

# Which event ends a log. There is no `response.cancelled`: a cancelled log ends with `response.failed`.
END_EVENTS = frozenset({"response.completed", "response.failed", "response.incomplete"})


class LogClosed(Exception):  # noqa: N818 (it is a state, named as the design names it)
    """An event was offered to a log that has ended."""


def check_move(seen: str, then: str) -> None:
    """Raise LogClosed where the table has no way from `seen` to `then`."""
    if then not in TRANSITIONS[seen]:
        raise LogClosed(f"a response that is {seen} cannot become {then}")
