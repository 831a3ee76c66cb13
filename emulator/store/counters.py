"""The counters of a namespace one by one; what they count is decided by who counts.

Every function takes a connection and is run by `Store.read` or `Store.write`.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, select, update

from emulator.store.namespaces import count
from emulator.store.schema import counters

_MORE = update(counters).where(counters.c.namespace == bindparam("ns"), counters.c.name == bindparam("counter"))
_MORE = _MORE.values(value=counters.c.value + bindparam("more"))


def values(connection: Connection, namespace: str, names: Collection[str]) -> dict[str, float]:
    """The values of some counters; those that nobody has set are left out."""
    query = select(counters.c.name, counters.c.value).where(counters.c.namespace == namespace)
    return {row.name: row.value for row in connection.execute(query.where(counters.c.name.in_(names)))}


def put(connection: Connection, namespace: str, changed: Mapping[str, float]) -> None:
    """Set some counters."""
    for name, value in changed.items():
        count(connection, namespace, name, value)


def add(connection: Connection, namespace: str, counted: Mapping[str, int]) -> None:
    """Add to some counters, by name; one that is not there begins at 0."""
    for name, more in sorted(counted.items()):
        key = {"ns": namespace, "counter": name}
        if not connection.execute(_MORE, {**key, "more": more}).rowcount:
            count(connection, namespace, name, more)


def bump(connection: Connection, namespace: str, name: str) -> int:
    """Count one more; the new value."""
    value = int(values(connection, namespace, [name]).get(name, 0)) + 1
    count(connection, namespace, name, value)
    return value
