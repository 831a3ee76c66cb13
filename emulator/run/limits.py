"""Rate limits of deployments: what a request uses of its windows, kept in the store and judged by the clock.

A window begins with its first request. A refused request uses nothing.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any, NamedTuple

import orjson

from emulator.core.errors import ApiError
from emulator.core.usage import JSON_CHARS
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.script.fault import Sight
from emulator.script.limit import Limit, Window
from emulator.store import counters
from emulator.store import namespaces as rows

KIND = "limit"
UNSAID = 16  # tokens that an answer is expected to have where max_output_tokens is left out


class Used(NamedTuple):
    """What of a window was used before a request, and when the window ends."""

    window: Window
    used: int
    ends: float


def cost(sight: Sight) -> int:
    """The tokens that a request is charged in advance: its text, and the most that it lets the model answer."""
    said = orjson.dumps([sight.body.get("instructions"), sight.body.get("input")])
    most = sight.body.get("max_output_tokens")
    answer = most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else UNSAID
    return 1 + len(said) // JSON_CHARS + answer


async def admit(namespace: Namespace, sight: Sight) -> dict[str, str]:
    """Let a request in and count it: the headers of its answer, none where its deployment has no limit.

    Raises ApiError (429) with the same headers and when to come again.
    """
    limit = namespace.limits.get(sight.model)
    if limit is None or (sight.method, sight.path) != ("POST", "/responses"):
        return {}
    now = namespace.clock.now()
    charges = {"requests": 1, "tokens": cost(sight)}
    state, over = await namespace.store.write(partial(_take, name=namespace.name, limit=limit, now=now, cost=charges))
    headers = _headers(state, now)
    if over is None:
        return headers
    wait = max(over.ends - now, 0.001)
    raise ApiError(
        f"rate_limited_{over.window.unit}",
        headers={**headers, **retry_headers(wait)},
        model=sight.model,
        limit=over.window.limit,
        used=over.used,
        requested=charges[over.window.unit],
        wait=_short(wait),
        seconds=ceil(wait),
    )


def retry_headers(wait: float) -> dict[str, str]:
    """When to come again: whole seconds for most clients, milliseconds for those of the service."""
    return {"retry-after": str(ceil(wait)), "retry-after-ms": str(ceil(wait * 1000))}


def _take(
    connection: Any, name: str, limit: Limit, now: float, cost: Mapping[str, int]
) -> tuple[list[Used], Used | None]:
    state = _state(connection, name, limit, now)
    over = next((use for use in state if use.used + cost[use.window.unit] > use.window.most), None)
    if over is not None:
        return state, over
    state = [use._replace(used=use.used + cost[use.window.unit]) for use in state]
    changed: dict[str, float] = {}
    for use in state:
        key = _key(limit, use.window)
        changed |= {key: float(use.used), f"{key}:ends": use.ends}
    counters.put(connection, name, changed)
    return state, None


def _state(connection: Any, name: str, limit: Limit, now: float) -> list[Used]:
    keys = [_key(limit, window) for window in limit.windows]
    found = counters.values(connection, name, [*keys, *(f"{key}:ends" for key in keys)])
    state = []
    for key, window in zip(keys, limit.windows, strict=True):
        ends = found.get(f"{key}:ends", 0.0)
        # A clock that was set back would otherwise keep a window for ever.
        open_ = now < ends <= now + window.length
        state.append(Used(window, int(found.get(key, 0)) if open_ else 0, ends if open_ else now + window.length))
    return state


def _key(limit: Limit, window: Window) -> str:
    return f"{KIND}:{limit.deployment}:{window.unit}"


def _headers(state: Sequence[Used], now: float) -> dict[str, str]:
    headers = {}
    for window, used, ends in state:
        headers[f"x-ratelimit-limit-{window.unit}"] = str(window.limit)
        headers[f"x-ratelimit-remaining-{window.unit}"] = str(max(0, window.most - used))
        headers[f"x-ratelimit-reset-{window.unit}"] = _short(ends - now)
    return headers


def _short(seconds: float) -> str:
    return f"{round(seconds, 3):g}s" if seconds >= 1 else f"{ceil(seconds * 1000)}ms"


async def add(namespaces: Namespaces, namespace: Namespace, limits: Sequence[Limit]) -> None:
    """Set the limits of some deployments; their windows begin anew."""
    sources = {limit.deployment: orjson.dumps(limit.to_dict()) for limit in limits}
    await namespace.store.write(partial(_add, name=namespace.name, sources=sources))
    await namespaces.refresh(namespace)


def _add(connection: Any, name: str, sources: Mapping[str, bytes]) -> None:
    rows.add_scripts(connection, name, KIND, sources)
    _forget(connection, name, sources)


def _forget(connection: Any, name: str, deployments: Any) -> None:
    units = [f"{KIND}:{deployment}:{unit}:ends" for deployment in deployments for unit in ("requests", "tokens")]
    counters.put(connection, name, dict.fromkeys(units, 0.0))


async def shown(namespace: Namespace) -> list[dict[str, Any]]:
    """Every limit with what its windows still take."""
    now = namespace.clock.now()
    answer = []
    for limit in namespace.limits.values():
        state = await namespace.store.read(partial(_state, name=namespace.name, limit=limit, now=now))
        left = {f"remaining_{use.window.unit}": use.window.most - use.used for use in state}
        answer.append({**limit.to_dict(), **left})
    return answer


async def drop(namespaces: Namespaces, namespace: Namespace, deployment: str | None = None) -> int:
    """Remove the limits of one deployment, or all; how many went."""
    ids = None if deployment is None else [deployment]
    gone: int = await namespace.store.write(partial(rows.drop_scripts, name=namespace.name, kind=KIND, ids=ids))
    await namespaces.refresh(namespace)
    return gone
