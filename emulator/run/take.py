"""Which fixture answers a request, how often it has by now, and what it says this time; it plans no run."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator.core.errors import ApiError, ErrorRow
from emulator.run.namespace import Namespace
from emulator.script.fixture import Fixture
from emulator.script.match import matching
from emulator.script.planning import Taken
from emulator.script.then import HttpError
from emulator.script.view import View
from emulator.store import counters


async def take_fixture(namespace: Namespace, view: View) -> Taken:
    """Choose and count at once, so that no two requests get the same match of a fixture that counts.

    Raises what the fixture says instead of a response, and `fixture_not_found` where none matches and none must.
    """
    before = view.ask.before.hits
    taken = await _taken(namespace, view) if namespace.fixtures else None
    if taken is None:
        if namespace.unmatched == "reject":
            raise ApiError("fixture_not_found", reason=_reason(namespace, view))
        return Taken(hits=before)
    fixture, hits = taken
    if not _stored(fixture):
        namespace.tally.add(namespace.name, counter(fixture))
    then = fixture.turn(hits)
    if then is None:
        count = f"{len(fixture.thens)} answers"
        raise _of(fixture, ApiError("sequence_ended", fixture=fixture.name, where=fixture.where, count=count))
    if then.error:
        raise _of(fixture, _refusal(then.error))
    after = {**before, fixture.id: hits + 1} if fixture.counted and fixture.per == "chain" else before
    return Taken(fixture, then, hits + 1, after)


async def _taken(namespace: Namespace, view: View) -> tuple[Fixture, int] | None:
    """The fixture and its hits before this one; the store is asked only where one of them counts in it."""
    in_chain = view.ask.before.hits
    candidates: list[Fixture] = []
    for fixture in matching(namespace.fixtures, view):
        if _stored(fixture):
            candidates.append(fixture)
            if fixture.times is None:
                break
        elif _left(fixture, in_chain.get(fixture.id, 0)):
            candidates.append(fixture)
            break
    if not candidates:
        return None
    first = candidates[0]
    if not _stored(first):
        return first, in_chain.get(first.id, 0)
    count = partial(_count, namespace=namespace.name, candidates=candidates, in_chain=in_chain)
    return await namespace.store.write(count)


def _reason(namespace: Namespace, view: View) -> str:
    """Why nothing answers; a fixture that matches and yet did not answer has no matches left."""
    spent = {fixture.id for fixture in matching(namespace.fixtures, view)}
    from emulator.script.explain import unmatched  # the nearest of many: only where one is refused

    return unmatched(namespace.fixtures, view, spent)


def _count(
    connection: Any, namespace: str, candidates: Sequence[Fixture], in_chain: Mapping[str, int]
) -> tuple[Fixture, int] | None:
    """The first that has matches left, counted in the same transaction."""
    known = counters.values(connection, namespace, [counter(fixture) for fixture in candidates])
    for fixture in candidates:
        if not _stored(fixture):
            return fixture, in_chain.get(fixture.id, 0)
        hits = int(known.get(counter(fixture), 0))
        if _left(fixture, hits):
            counters.bump(connection, namespace, counter(fixture))
            return fixture, hits
    return None


def _left(fixture: Fixture, hits: int) -> bool:
    return fixture.times is None or hits < fixture.times


def _stored(fixture: Fixture) -> bool:
    """Whether what it says depends on a count in the store, which is written before it answers."""
    return fixture.counted and fixture.per == "namespace"


def counter(fixture: Fixture) -> str:
    """The name under which the store counts its answers: at once where they depend on it, else a moment later."""
    return f"fixture:{fixture.id}" if _stored(fixture) else f"hits:{fixture.id}"


def _refusal(error: HttpError) -> ApiError:
    row = ErrorRow(error.status, "{message}", error.code, error.type)
    return ApiError("scripted", error.param, headers=error.headers, own=row, message=error.message)


def _of(fixture: Fixture, error: ApiError) -> ApiError:
    error.fixture = fixture.name
    return error
