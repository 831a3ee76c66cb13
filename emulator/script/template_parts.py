"""What a template's terms stand on: fuel, values as text, operators and filters; it parses nothing."""

import json
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern

FUEL = 10_000  # steps of one template
PER_STEP = 10  # values in a list or an object that cost one step
PER_VALUE = 100  # characters that weigh as much as a value
LONGEST_TEXT = 1_000_000
LARGEST = 10**15
_CODES = lazy_pattern(r"(?:%[YmdHMSjaAbBpIyfzZ%]|[^%]){1,100}")

Values = Mapping[str, Any]


class TemplateError(Exception):
    """A template that cannot be read or filled in: one sentence."""


class Fuel:
    """What is left for one template."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = FUEL

    def burn(self, steps: int = 1) -> None:
        """Use some; raises TemplateError when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise TemplateError(f"it takes more than {FUEL} steps")

    def take(self, value: Any) -> None:
        """Use what a value costs by its size."""
        self.burn(1 + size(value, self._left * PER_STEP) // PER_STEP)

    def checked(self, value: Any) -> Any:
        """The value, if it is not too large; it costs by its size."""
        if isinstance(value, str):
            _check_length(len(value))
        if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
            raise TemplateError("a number is too large")
        self.take(value)
        return value


def size(value: Any, most: int) -> int:
    """How many values there are in a value, counted no further than `most`; a long text is several."""
    counted, waiting = 0, [value]
    while waiting and counted <= most:
        one = waiting.pop()
        counted += 1
        if isinstance(one, str):
            counted += len(one) // PER_VALUE
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, Mapping):
            waiting.extend(one.values())
    return counted


def shown(value: Any) -> str:
    """A value as it stands in a text: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=_no_value)
    except RecursionError:
        raise TemplateError("a value is nested too deep") from None


def _no_value(_: object) -> Any:
    raise TemplateError("a function has no value of its own: call it")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TemplateError(f"{shown(value)[:40]!r} is no number")
    return value


def _add(left: Any, right: Any) -> Any:
    if type(left) is type(right) and isinstance(left, str | list):
        return left + right
    return _number(left) + _number(right)


def _arithmetic(work: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        try:
            return work(_number(left), _number(right))
        except ZeroDivisionError:
            raise TemplateError("a number is divided by zero") from None

    return run


def _ordered(work: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return work(left, right)
        return work(_number(left), _number(right))

    return run


def contains(left: Any, right: Any) -> bool:
    """`left in right`: of a text, a list or the keys of an object."""
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    return isinstance(right, list | Mapping) and left in right


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": contains,
    "~": lambda left, right: shown(left) + shown(right),
    "+": _add,
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "//": _arithmetic(operator.floordiv),
    "%": _arithmetic(operator.mod),
}


def _join(value: Any, between: Any = "") -> str:
    pieces = [shown(item) for item in value] if isinstance(value, list) else [shown(value)]
    _check_length(sum(map(len, pieces)) + len(pieces) * len(shown(between)))
    return shown(between).join(pieces)


def _replace(value: Any, old: Any, new: Any) -> str:
    text, gone = shown(value), shown(old)
    _check_length(len(text) + (text.count(gone) if gone else 0) * len(shown(new)))
    return text.replace(gone, shown(new)) if gone else text


def _check_length(length: int) -> None:
    if length > LONGEST_TEXT:
        raise TemplateError(f"a text is longer than {LONGEST_TEXT} characters")


def _end(at: int) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if not isinstance(value, str | list) or not value:
            raise TemplateError("it has no first or last: it is empty, or no list")
        return value[at]

    return run


def _length(value: Any) -> int:
    if not isinstance(value, str | list | Mapping):
        raise TemplateError(f"{shown(value)[:40]!r} has no length")
    return len(value)


def _converted(kind: type) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        try:
            return kind(value)
        except (ValueError, TypeError, OverflowError):
            raise TemplateError(f"{shown(value)[:40]!r} is no number") from None

    return run


def _split(value: Any, between: Any = None) -> list[str]:
    return shown(value).split(shown(between) if between else None)


def _round(value: Any, digits: Any = 0) -> float:
    places = int(_number(digits))
    return round(_number(value), places) if places > 0 else round(_number(value))


def _date(value: Any, form: Any = "%Y-%m-%dT%H:%M:%SZ") -> str:
    if not _CODES.fullmatch(shown(form)):
        raise TemplateError("a date is written with %Y %m %d %H %M %S and the like, in 100 characters at most")
    try:
        return datetime.fromtimestamp(_number(value), UTC).strftime(shown(form))
    except (ValueError, OverflowError, OSError):
        raise TemplateError(f"{shown(value)[:40]} is no time") from None


FILTERS: Mapping[str, Callable[..., Any]] = {
    "upper": lambda value: shown(value).upper(),
    "lower": lambda value: shown(value).lower(),
    "title": lambda value: shown(value).title(),
    "trim": lambda value: shown(value).strip(),
    "string": shown,
    "json": lambda value: json.dumps(value, ensure_ascii=False) if isinstance(value, str) else shown(value),
    "length": _length,
    "first": _end(0),
    "last": _end(-1),
    "join": _join,
    "split": _split,
    "replace": _replace,
    "int": _converted(int),
    "float": _converted(float),
    "round": _round,
    "date": _date,
}
