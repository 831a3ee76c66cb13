"""The log of a background response as it grows: what is saved, then what comes; it never appends by itself."""

from collections.abc import AsyncIterator

from emulator.core.clock import breathe
from emulator.core.errors import ApiError
from emulator.core.states import ENDED
from emulator.run.namespace import Namespace
from emulator.run.settle import all_lines, saved_row, settle_and_look
from emulator.run.timeline import AT_ONCE
from emulator.store import responses as rows
from emulator.store.responses import ResponseRow

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def check_followable(namespace: Namespace, row: ResponseRow) -> None:
    """Only a background response that was created with `stream: true` can be streamed again, and not for ever."""
    if not row.background:
        raise ApiError("stream_not_background", "stream")
    if not row.streamed:
        raise ApiError("stream_not_streamed", "stream")
    window = namespace.settings.resume_window
    if window is not None and namespace.clock.now() > row.created_at + window:
        raise ApiError("stream_too_old", "stream", age=_in_words(window))


def _in_words(seconds: float) -> str:
    size, unit = next((unit for unit in UNITS if seconds % unit[0] == 0), (1, "second"))
    return f"{seconds / size:g} {unit}{'' if seconds == size else 's'}"


async def follow(namespace: Namespace, response_id: str, after: int = -1) -> AsyncIterator[list[bytes]]:
    """The lines of the events after number `after`, in batches, until the log ends or the server stops."""
    with namespace.following(response_id) as rung:
        while True:
            rung.clear()
            row, due = await settle_and_look(namespace, response_id)
            row = row or await saved_row(namespace, response_id)
            if row is None:
                return
            if row.next_seq - 1 > after:
                async for batch in _saved(namespace, row, after):
                    yield batch
                after = max(after, row.next_seq - 1)
            if row.status in ENDED or row.hidden:
                return
            if not await namespace.pause(due, rung):
                return


async def _saved(namespace: Namespace, row: ResponseRow, after: int) -> AsyncIterator[list[bytes]]:
    chunks = await namespace.store.read(lambda read: rows.log_after(read, namespace.name, row.id, after))
    lines = all_lines(chunks, after)[: row.next_seq - 1 - after]
    for start in range(0, len(lines), AT_ONCE):
        yield lines[start : start + AT_ONCE]
        await breathe()
