"""Secrets that all servers of one database share, by name; they are no namespace's, so no archive has them."""

from sqlalchemy import Connection, insert, select

from emulator.store.schema import meta


def get(connection: Connection, name: str) -> str | None:
    """The secret of that name; None where nobody has made it."""
    found: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == name))
    return found


def keep(connection: Connection, name: str, secret: str) -> str:
    """Keep a secret, unless another server was quicker; returns the one that is kept."""
    found = get(connection, name)
    if found is None:
        connection.execute(insert(meta).values(key=name, value=secret))
    return found or secret
