"""The terms of a template: paths, literals, operators, filters and calls, read into functions; it prints nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.node import quoted
from emulator.script.template_parts import FILTERS, OPERATORS, Fuel, TemplateError, Values

Expression = Callable[[Values, Fuel], Any]

MOST_TOKENS = 200
DEEPEST = 20
LEVELS = (("==", "!=", "<", "<=", ">", ">=", "in"), ("~",), ("+", "-"), ("*", "/", "//", "%"))
WORDS = {"true": True, "false": False, "none": None, "null": None, "True": True, "False": False, "None": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_TOKEN = lazy_pattern(
    r"\s*(?:(?P<number>\d{1,15}(?:\.\d{1,15})?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|<=|>=|//|[-+*/%~<>()\[\],.|]))",
    re.DOTALL,
)


class UndefinedError(TemplateError):
    """A name or a key that is not there; `default` catches it."""


def parse(source: str) -> Expression:
    """A term as a function of the values; raises TemplateError."""
    reader = _Terms(source)
    term = reader.term()
    reader.end()
    return term


class _Terms:
    """Reads one term from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = _tokens(source)
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            self._wrong()

    def term(self) -> Expression:
        """`a if b else c`, and all that binds tighter."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateError(f"more than {DEEPEST} terms are within one another")
        chosen = self._either()
        if self._took("if"):
            condition = self._either()
            self._need("else")
            chosen = _choice(chosen, condition, self.term())
        self._depth -= 1
        return chosen

    def _either(self) -> Expression:
        left = self._both()
        while self._took("or"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._negated()
        while self._took("and"):
            left = _and(left, self._negated())
        return left

    def _negated(self) -> Expression:
        if self._took("not"):
            return _not(self._negated())
        return self._level(0)

    def _level(self, level: int) -> Expression:
        if level == len(LEVELS):
            return self._signed()
        left = self._level(level + 1)
        while True:
            negated = level == 0 and self._tokens[self._at : self._at + 2] == ["not", "in"]
            self._at += negated
            sign = next((sign for sign in LEVELS[level] if self._took(sign)), None)
            if sign is None:
                return left
            left = _operation(sign, left, self._level(level + 1))
            if negated:
                left = _not(left)

    def _signed(self) -> Expression:
        if self._took("-"):
            return _operation("-", _constant(0), self._signed())
        return self._filtered()

    def _filtered(self) -> Expression:
        value = self._followed(self._first())
        while self._took("|"):
            name = self._name()
            arguments = self._arguments() if self._took("(") else []
            if name == "default":
                value = _default(value, arguments[0] if arguments else _constant(""))
            elif name in FILTERS:
                value = _call(FILTERS[name], name, [value, *arguments])
            else:
                raise TemplateError(f"there is no filter {quoted(name)}, only default, {', '.join(FILTERS)}")
        return value

    def _first(self) -> Expression:
        token = sign = self._next()
        if sign == "(":
            inside = self.term()
            self._need(")")
            return inside
        if sign == "[":
            return _list(self._arguments("]"))
        if token[0] in "'\"":
            return _constant(_unquoted(token))
        if token[0].isdigit():
            return _constant(float(token) if "." in token else int(token))
        if token in WORDS:
            return _constant(WORDS[token])
        if not (token[0].isalpha() or token[0] == "_") or token in ("and", "or", "in", "if", "else"):
            self._wrong()
        return _value(token)

    def _followed(self, value: Expression) -> Expression:
        while True:
            if self._took("."):
                value = _inside(value, _constant(self._name()))
            elif self._took("["):
                key = self.term()
                self._need("]")
                value = _inside(value, key)
            elif self._took("("):
                value = _called(value, self._arguments())
            else:
                return value

    def _arguments(self, end: str = ")") -> list[Expression]:
        found: list[Expression] = []
        while not self._took(end):
            if found:
                self._need(",")
            found.append(self.term())
        return found

    def _took(self, token: str) -> bool:
        if self._tokens[self._at : self._at + 1] != [token]:
            return False
        self._at += 1
        return True

    def _need(self, token: str) -> None:
        if not self._took(token):
            self._wrong(f"{token!r} is missing")

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            self._wrong("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _name(self) -> str:
        token = self._next()
        if not (token[0].isalpha() or token[0] == "_"):
            self._wrong()
        return token

    def _wrong(self, says: str = "") -> NoReturn:
        near = " ".join(self._tokens[max(0, self._at - 1) :][:4])
        raise TemplateError(f"{quoted(self._source.strip())} is no term: {says or f'near {quoted(near)}'}")


def _tokens(source: str) -> list[str]:
    found, at, text = [], 0, source.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            raise TemplateError(f"{quoted(text.strip())} is no term: near {quoted(text[at:].strip()[:20])}")
        found.append(token[0].strip())
        at = token.end()
    if len(found) > MOST_TOKENS:
        raise TemplateError(f"a term has at most {MOST_TOKENS} words and signs")
    return found


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)


def _constant(value: Any) -> Expression:
    return lambda _values, _fuel: value


def _value(name: str) -> Expression:
    def run(values: Values, fuel: Fuel) -> Any:
        fuel.burn()
        if name not in values:
            raise UndefinedError(f"there is no value {quoted(name)}, only {', '.join(sorted(values))}")
        return values[name]

    return run


def _inside(outer: Expression, key: Expression) -> Expression:
    def run(values: Values, fuel: Fuel) -> Any:
        fuel.burn()
        held, at = outer(values, fuel), key(values, fuel)
        if isinstance(held, Mapping) and isinstance(at, str) and at in held:
            return held[at]
        if isinstance(held, list | str) and type(at) is int and -len(held) <= at < len(held):
            return held[at]
        raise UndefinedError(f"there is no {quoted(str(at))} in it")

    return run


def _default(term: Expression, other: Expression) -> Expression:
    def run(values: Values, fuel: Fuel) -> Any:
        try:
            return term(values, fuel)
        except UndefinedError:
            return other(values, fuel)

    return run


def _call(work: Callable[..., Any], name: str, arguments: list[Expression]) -> Expression:
    def run(values: Values, fuel: Fuel) -> Any:
        given = [argument(values, fuel) for argument in arguments]
        for value in given:
            fuel.take(value)
        try:
            return fuel.checked(work(*given))
        except TypeError:
            raise TemplateError(f"{name} does not take that: {len(given)} values") from None

    return run


def _called(function: Expression, arguments: list[Expression]) -> Expression:
    def run(values: Values, fuel: Fuel) -> Any:
        found = function(values, fuel)
        if not callable(found):
            raise TemplateError("only random.int, random.float, random.choice and uuid are called")
        return _call(found, "the function", arguments)(values, fuel)

    return run


def _operation(sign: str, left: Expression, right: Expression) -> Expression:
    return _call(OPERATORS[sign], sign, [left, right])


def _list(items: list[Expression]) -> Expression:
    return _call(lambda *given: list(given), "a list", items)


def _choice(chosen: Expression, condition: Expression, other: Expression) -> Expression:
    return lambda values, fuel: chosen(values, fuel) if condition(values, fuel) else other(values, fuel)


def _or(left: Expression, right: Expression) -> Expression:
    return lambda values, fuel: left(values, fuel) or right(values, fuel)


def _and(left: Expression, right: Expression) -> Expression:
    return lambda values, fuel: left(values, fuel) and right(values, fuel)


def _not(term: Expression) -> Expression:
    return lambda values, fuel: not term(values, fuel)
