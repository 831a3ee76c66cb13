"""The query parameters of lists and of `GET /responses/{id}` as dataclasses; bodies are read elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Literal, cast, get_args

from emulator.core.errors import ApiError, quoted_list
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass
from emulator.core.request_body import Include
from emulator.core.validation import check_id

Pairs = Iterable[tuple[str, str]]
INCLUDES: tuple[str, ...] = get_args(Include)
_BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = lazy_pattern(r"[+-]?[0-9]{1,18}")
_LONG_INTEGER = lazy_pattern(r"[+-]?[0-9]+")
_INCLUDE = lazy_pattern(r"include(\[[0-9]*\])?")
# The largest number that has a column; no log is longer.
_MAX_NUMBER = 10**18 - 1


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a list: at most `limit` objects, after or before an id."""

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrieveQuery:
    """How a response is read: as JSON, or as a stream of the events after number `starting_after`."""

    stream: bool = False
    starting_after: int | None = None
    include_obfuscation: bool = True
    include: tuple[str, ...] = ()


def parse_list_query(pairs: Pairs, *, max_limit: int = 100, default: int = 20) -> ListQuery:
    """Read `limit`, `order`, `after`, `before` and `include` and ignore the others.

    The errors are those of docs/reference/errors.md: `invalid_type`, `invalid_value`, a number out of range.
    """
    values, include = _split(pairs)
    order = values.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError("invalid_value", "order", value=order, supported=quoted_list(("asc", "desc")))
    return ListQuery(
        limit=_integer(values, "limit", 1, max_limit, default),
        order=cast("Literal['asc', 'desc']", order),
        after=_cursor(values, "after"),
        before=_cursor(values, "before"),
        include=include,
    )


def parse_retrieve_query(pairs: Pairs) -> RetrieveQuery:
    """Read `stream`, `starting_after`, `include_obfuscation` and `include`; others are ignored.

    The encrypted content of reasoning cannot be asked for later: `encrypted_content_persisted`.
    """
    values, include = _split(pairs)
    if "reasoning.encrypted_content" in include:
        raise ApiError("encrypted_content_persisted", "include")
    after = _integer(values, "starting_after", 0, _MAX_NUMBER, -1)
    return RetrieveQuery(
        stream=_boolean(values, "stream", default=False),
        starting_after=None if after < 0 else after,
        include_obfuscation=_boolean(values, "include_obfuscation", default=True),
        include=include,
    )


def _split(pairs: Pairs) -> tuple[dict[str, str], tuple[str, ...]]:
    """The last value of each name, and all values of `include`, `include[]` and `include[0]`."""
    values: dict[str, str] = {}
    include: list[str] = []
    for name, value in pairs:
        if _INCLUDE.fullmatch(name):
            if value not in INCLUDES:
                supported = quoted_list(INCLUDES)
                raise ApiError("invalid_value", f"include[{len(include)}]", value=value, supported=supported)
            include.append(value)
        elif value:
            values[name] = value
    return values, tuple(dict.fromkeys(include))


def _integer(values: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    text = values.get(name)
    if text is None:
        return default
    if not _LONG_INTEGER.fullmatch(text):
        raise ApiError("invalid_type", name, expected="an integer", got="a string")
    short = _INTEGER.fullmatch(text) is not None
    if text.startswith("-") and (not short or int(text) < low):
        raise ApiError("integer_below_min_value", name, limit=low, got=text)
    if not short or int(text) > high:
        raise ApiError("integer_above_max_value", name, limit=high, got=text)
    if int(text) < low:
        raise ApiError("integer_below_min_value", name, limit=low, got=text)
    return int(text)


def _boolean(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name)
    if text is None:
        return default
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise ApiError("invalid_type", name, expected="a boolean", got="a string")
    return found


def _cursor(values: Mapping[str, str], name: str) -> str | None:
    found = values.get(name)
    if found is not None:
        check_id(found, None, name)
    return found
