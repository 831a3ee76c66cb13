"""The endpoints of the journal: list, one, clear, verify; they show what was kept and decide nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of, read_control
from emulator.core.errors import ApiError
from emulator.run.journal import Journal
from emulator.run.verify import Expected, verify
from emulator.script.fixture import Fixture, FixtureError, from_dict
from emulator.settings import duration, nearest
from emulator.store import journal as rows
from emulator.store.journal import RING, Entry, Wanted

DEFAULT_PAGE = 100
MOST_COUNT = 1_000_000
LONGEST_WAIT = 600.0
EXPECTED = ("exactly", "at_least", "at_most")


async def list_requests(request: Request) -> Response:
    """GET /_emulator/requests: the newest first, as far as the filters of the query let them."""
    namespace = call_of(request).namespace
    wanted, limit = _wanted(request.query_params)
    work = partial(rows.page, namespace=namespace.name, wanted=wanted, most=limit + 1)
    found: list[Entry] = await namespace.store.read(work)
    page = found[:limit]
    ends: dict[str, Any] = {
        "has_more": len(found) > limit,
        "first_number": page[0].number if page else None,
        "last_number": page[-1].number if page else None,
    }
    data = b",".join([_shown(entry, namespace.name) for entry in page])
    return answer(b'{"data":[%b],%b' % (data, orjson.dumps(ends)[1:]))


async def retrieve(request: Request) -> Response:
    """GET /_emulator/requests/{number}."""
    namespace = call_of(request).namespace
    number = request.path_params["number"]
    found: list[Entry] = []
    if number.isascii() and number.isdigit() and len(number) <= 18:
        wanted = Wanted(columns={"number": int(number)})
        found = await namespace.store.read(partial(rows.page, namespace=namespace.name, wanted=wanted, most=1))
    if not found:
        raise ApiError("control_not_found", what="request", id=number)
    return answer(_shown(found[0], namespace.name))


async def clear(request: Request) -> Response:
    """DELETE /_emulator/requests: all of this namespace."""
    namespace = call_of(request).namespace
    return answer({"deleted": await namespace.store.write(partial(rows.clear, namespace=namespace.name))})


async def verify_requests(request: Request) -> Response:
    """POST /_emulator/verify {"match", "exactly" | "at_least" | "at_most", "within"}: 200, whether it passed or not."""
    body = await read_control(request, "match", *EXPECTED, "within")
    told = {name: _count(name, body[name]) for name in EXPECTED if name in body}
    if len(told) > 1:
        raise ApiError("bad_control", reason=f"give one of {', '.join(EXPECTED)}, not {' and '.join(told)}")
    told = told or {"at_least": 1}
    expected = Expected(
        least=told.get("exactly", told.get("at_least", 0)), most=told.get("exactly", told.get("at_most"))
    )
    journal: Journal = request.app.state.journal
    fixture, within = _matching(body.get("match", {})), _seconds(body.get("within", 0))
    found = await verify(call_of(request).namespace, journal, fixture, expected, within)
    shown = {"passed": found.passed, "count": found.count, "expected": told, "nearest": found.nearest}
    return answer(orjson.dumps(shown, default=str))


def _shown(entry: Entry, namespace: str) -> bytes:
    return b'{"number":%d,"namespace":"%b",%b' % (entry.number, namespace.encode(), entry.entry[1:])


def _matching(when: Any) -> Fixture:
    try:
        return from_dict({"when": when, "then": [{"message": "-"}]}, "match")
    except FixtureError as error:
        raise ApiError("bad_control", reason=str(error)) from None


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNT:
        raise ApiError("bad_control", reason=f"'{name}' is a number from 0 to {MOST_COUNT}")
    return value


def _seconds(value: Any) -> float:
    try:
        seconds = duration(str(value)) if isinstance(value, str | int | float) else -1.0
    except ValueError as error:
        raise ApiError("bad_control", reason=f"'within': '{value}' {error}") from None
    if not 0 <= seconds <= LONGEST_WAIT or isinstance(value, bool):
        raise ApiError("bad_control", reason=f"'within' is a duration such as 2s, {LONGEST_WAIT:.0f}s at most")
    return seconds


def _integer(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError("is no number")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text == "true"


# The filters and how each is read: columns of the table, and fields that only the entry itself has.
def _second(text: str) -> float:
    second = float(text)
    if not isfinite(second):
        raise ValueError(text)
    return second


COLUMNS: Mapping[str, Callable[[str], Any]] = {
    "method": str.upper,
    "status": _integer,
    "fixture": str,
    "response_id": str,
}
FIELDS: Mapping[str, Callable[[str], Any]] = {
    "model": str,
    "unmatched": _flag,
    "stream": _flag,
    "background": _flag,
}
OTHERS: Mapping[str, Callable[[str], Any]] = {
    "limit": _integer,
    "after": _integer,
    "before": _integer,
    "since": _second,
    "path": str,
}


def _wanted(query: QueryParams) -> tuple[Wanted, int]:
    """The filters of a query, and how many entries a page has at most."""
    readers = {**COLUMNS, **FIELDS, **OTHERS}
    read: dict[str, Any] = {}
    for name, text in query.multi_items():
        if name not in readers:
            raise ApiError("bad_control", reason=f"there is no filter '{name}'{nearest(name, readers)}")
        try:
            read[name] = readers[name](text)
        except ValueError as error:
            reason = str(error) if name != "since" else "is no number of seconds since 1970"
            raise ApiError("bad_control", reason=f"'{name}': '{text}' {reason}") from None
    limit = read.pop("limit", DEFAULT_PAGE)
    if not 1 <= limit <= RING:
        raise ApiError("bad_control", reason=f"'limit' is a number from 1 to {RING}")
    fields = {name: read.pop(name) for name in FIELDS if name in read}
    columns = {name: read.pop(name) for name in COLUMNS if name in read}
    return Wanted(**read, columns=columns, test=partial(_fits, fields) if fields else None), limit


def _fits(fields: Mapping[str, Any], entry: bytes) -> bool:
    found = orjson.loads(entry)
    return all(found[name] == value for name, value in fields.items())
