"""Where a connection to another server may go: a name is looked up here and nowhere else, its addresses are checked.

Whoever connects does so to one of these addresses, so that a second look-up cannot lead elsewhere.
"""

import asyncio

from emulator.core.egress import Egress, Target, target_of


class Forbidden(Exception):  # noqa: N818 (it is what the rule says, in one sentence)
    """No connection may be made; the message says why."""


async def admitted(rule: Egress, url: str) -> tuple[Target, list[str]]:
    """Where a URL leads, and its addresses that the rule admits, the one to try first at first; raises Forbidden."""
    target = target_of(url)
    if target is None or not rule.allows(target):
        where = f"{target.host}:{target.port}" if target else "that URL"
        raise Forbidden(f"The egress rule does not allow '{where}'.")
    try:
        found = await look_up(target.host, target.port)
    except (OSError, UnicodeError):  # the second where it cannot be a name
        raise Forbidden(f"The name '{target.host}' is not known.") from None
    addresses = [address for address in dict.fromkeys(found) if rule.admits(address, target)]
    if not addresses:
        told = ", ".join(dict.fromkeys(found)) or "nothing"
        raise Forbidden(f"'{target.host}' leads to {told}, where the egress rule does not allow a connection.")
    return target, addresses


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, the one to try first at first; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return [str(row[4][0]) for row in found]
