"""Filters over the attributes of files: pydantic models of their JSON, and what they let through; it knows no file."""

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag, TypeAdapter

from emulator.core.validation import Wire, by_type, kind, problem, type_of

MOST_ATTRIBUTES, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512
Attributes = dict[str, Any]
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
COMPARISONS = ("eq", "ne", *_ORDERS, "in", "nin")
COMPOUNDS = ("and", "or")
EXPECTED = "one of a string, decimal, or boolean"


def _check_attributes(attributes: Attributes) -> Attributes:
    """At most 16 pairs, keys of at most 64 characters; values are numbers, booleans or texts of at most 512."""
    if len(attributes) > MOST_ATTRIBUTES:
        raise problem("object_above_max_properties", limit=MOST_ATTRIBUTES, got=len(attributes))
    for key, value in attributes.items():
        if len(key) > LONGEST_KEY:
            raise problem("string_above_max_length", limit=LONGEST_KEY, got=len(key))
        if not _is_scalar(value):
            raise problem("invalid_type", at=f".{key}", expected=EXPECTED, got=kind(value))
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise problem("string_above_max_length", at=f".{key}", limit=LONGEST_VALUE, got=len(value))
    return attributes


FileAttributes = Annotated[Attributes, AfterValidator(_check_attributes)]


class Comparison(Wire):
    """One attribute compared with a value."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: Annotated[str, Field(min_length=1)]
    value: Any


def _check_value(filter_: Comparison) -> Comparison:
    """`in` and `nin` take an array, the others one value."""
    value = filter_.value
    if filter_.type not in ("in", "nin"):
        if not _is_scalar(value):
            raise problem("invalid_type", at=".value", expected=EXPECTED, got=kind(value))
        return filter_
    if not isinstance(value, list):
        raise problem("invalid_type", at=".value", expected="an array", got=kind(value))
    for number, one in enumerate(value):
        if not _is_scalar(one):
            raise problem("invalid_type", at=f".value[{number}]", expected=EXPECTED, got=kind(one))
    return filter_


class Compound(Wire):
    """Several filters of which all or at least one must hold."""

    type: Literal["and", "or"]
    filters: "list[Filter]"


def _filter_tag(value: Any) -> str | None:
    found = type_of(value)
    if found in COMPARISONS:
        return "@comparison"
    return "@compound" if found in COMPOUNDS else f"@{found}"


Filter = Annotated[
    Annotated[Comparison, AfterValidator(_check_value), Tag("@comparison")] | Annotated[Compound, Tag("@compound")],
    by_type((*COMPARISONS, *COMPOUNDS), _filter_tag),
]
Compound.model_rebuild()
_FILTER: TypeAdapter[Comparison | Compound] = TypeAdapter(Filter)


def read_filter(checked: Any) -> Comparison | Compound | None:
    """The filter of a tool as a request sent it and as it was checked; None for no filter."""
    return None if checked is None else _FILTER.validate_python(checked)


def lets_through(filter_: Comparison | Compound | None, attributes: Mapping[str, Any]) -> bool:
    """Whether a filter holds for a file's attributes; no filter always does.

    Values are equal, or one is greater, only where both are numbers, both texts or both booleans (of which none is
    greater). An attribute that is not there fulfils `ne` and `nin` and nothing else.
    """
    if filter_ is None:
        return True
    if isinstance(filter_, Compound):
        held = (lets_through(one, attributes) for one in filter_.filters)
        return all(held) if filter_.type == "and" else any(held)
    found, value = attributes.get(filter_.key), filter_.value
    if filter_.type in ("eq", "ne"):
        return _equal(found, value) is (filter_.type == "eq")
    if filter_.type in ("in", "nin"):
        return any(_equal(found, one) for one in value) is (filter_.type == "in")
    orderable = _kind(found) == _kind(value) and _kind(found) in ("number", "text")
    return orderable and _ORDERS[filter_.type](found, value)


def _is_scalar(value: Any) -> bool:
    return _kind(value) != "none"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "none"


def _equal(found: Any, value: Any) -> bool:
    return _kind(found) == _kind(value) and bool(found == value)
