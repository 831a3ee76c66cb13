"""The fixtures of a namespace that were added at run time, kept in the store as they were sent; it matches none."""

import json
from functools import partial
from typing import Any

from emulator.core.errors import ApiError
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.run.take import counter
from emulator.script.fixture import Fixture, FixtureError, from_nodes
from emulator.script.load import checked, plain
from emulator.script.node import Node
from emulator.store import counters
from emulator.store import namespaces as rows

KIND = "fixture"
MOST = 10_000


async def add(namespaces: Namespaces, namespace: Namespace, node: Node, *, replace: bool) -> list[Fixture]:
    """Add the fixtures of a request, all of them or none; `replace` removes the others that were added before.

    One of a name that was added before takes its place, stands last and counts anew. Raises `bad_fixture`.
    """
    try:
        found = list(checked(from_nodes(node, run_time=True)))
    except FixtureError as error:
        raise ApiError("bad_fixture", reason=error) from None
    kept = 0 if replace else sum(fixture.run_time for fixture in namespace.fixtures)
    if kept + len(found) > MOST:
        raise ApiError("bad_fixture", reason=f"a namespace has {MOST} fixtures at most")
    sources = {fixture.id: source(fixture) for fixture in found}
    await namespace.store.write(partial(_add, name=namespace.name, sources=sources, replace=replace))
    await namespaces.refresh(namespace)
    return found


async def drop(namespaces: Namespaces, namespace: Namespace, fixture_id: str | None = None) -> int:
    """Remove one fixture that was added, or all of them; how many went. Those of the files stay."""
    ids = None if fixture_id is None else [fixture_id]
    gone: int = await namespace.store.write(partial(rows.drop_scripts, name=namespace.name, kind=KIND, ids=ids))
    await namespaces.refresh(namespace)
    return gone


async def listed(namespace: Namespace) -> list[dict[str, Any]]:
    """All fixtures in order of precedence, as they were written, with where they stand and how often they answered."""
    names = [counter(fixture) for fixture in namespace.fixtures]
    known = await namespace.store.read(partial(counters.values, namespace=namespace.name, names=names))
    return [
        {
            **_written(fixture),
            "id": fixture.id,
            "name": fixture.name,
            "source": "http" if fixture.run_time else "file",
            "where": fixture.where,
            "hits": int(known.get(counter(fixture), 0)),
        }
        for fixture in namespace.fixtures
    ]


def _written(fixture: Fixture) -> dict[str, Any]:
    """A fixture as it was written; of a URL's bytes only how many there are."""
    written = plain(fixture)
    if fixture.served and "base64" in written:
        written["base64"] = f"({len(fixture.served.data)} bytes)"
    return written


def source(fixture: Fixture) -> bytes:
    """What the store keeps of a fixture."""
    return json.dumps(plain(fixture), ensure_ascii=False).encode()


def _add(connection: Any, name: str, sources: dict[str, bytes], *, replace: bool) -> None:
    if replace:
        rows.drop_scripts(connection, name, KIND)
    rows.add_scripts(connection, name, KIND, sources)
