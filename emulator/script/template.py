"""Templates in scripted texts: `{{ value }}`, `{% if %}` and `{% for %}`, a part of Jinja's language over JSON values.

A template reaches nothing but the values that it is given. Each step costs fuel and each text has a longest length, so
that no loop and no text can hold the server up.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass
from emulator.script.template_parts import Fuel, TemplateError, Values, shown
from emulator.script.template_terms import Expression, parse

LONGEST = 10_000  # characters of a template
DEEPEST = 8  # statements within one another
MARK = lazy_pattern(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_FOR = lazy_pattern(r"for\s+([A-Za-z_]\w*)\s+in\s+(.+)", re.DOTALL)

Part = Callable[[Values, Fuel], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Template:
    """One text with values to fill in. `source` is as written."""

    source: str

    def text(self, values: Values) -> str:
        """The text with its values; raises TemplateError."""
        fuel, pieces = Fuel(), []
        for piece in _parsed(self.source)(values, fuel):
            fuel.take(piece)
            pieces.append(piece)
        text = "".join(pieces)
        fuel.checked(text)
        return text

    def value(self, values: Values) -> Any:
        """The value itself where the template is one `{{ }}` and nothing else; the text elsewhere."""
        marks = MARK.findall(self.source)
        if marks != [self.source] or not self.source.startswith("{{"):
            return self.text(values)
        fuel = Fuel()
        found = fuel.checked(_term(self.source[2:-2])(values, fuel))
        shown(found)  # a function is no value
        return found


def template(text: str) -> Template | None:
    """The text as a template; None where nothing in it is to be filled in. Raises TemplateError."""
    if not MARK.search(text):
        return None
    if len(text) > LONGEST:
        raise TemplateError(f"a template has at most {LONGEST} characters")
    _parsed(text)
    return Template(text)


@lru_cache(maxsize=1024)
def _term(source: str) -> Expression:
    return parse(source)


@lru_cache(maxsize=1024)
def _parsed(source: str) -> Part:
    return _Reader(source).block(())[0]


class _Reader:
    """Reads a template from left to right."""

    def __init__(self, source: str) -> None:
        self._tokens = iter(_tokens(source))
        self._depth = 0

    def block(self, ends: Sequence[str]) -> tuple[Part, str | None]:
        """The parts up to a statement whose first word is one of `ends`, and that statement (None: the end)."""
        parts: list[Part] = []
        for kind, text in self._tokens:
            if kind == "text":
                parts.append(_literal(text))
            elif kind == "value":
                parts.append(_printed(_term(text)))
            elif text.split(None, 1)[:1] and text.split(None, 1)[0] in ends:
                return _joined(parts), text
            else:
                parts.append(self._statement(text))
        if ends:
            raise TemplateError(f"{{% {ends[-1]} %}} is missing")
        return _joined(parts), None

    def _statement(self, text: str) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateError(f"more than {DEEPEST} statements are within one another")
        word, _, rest = text.partition(" ")
        loop = _FOR.fullmatch(text)
        if loop:
            part = self._loop(loop[1], _term(loop[2]))
        elif word == "if":
            part = self._choice(rest)
        else:
            raise TemplateError(f"{{% {text[:40]} %}} is not known here: there are if, elif, else and for")
        self._depth -= 1
        return part

    def _loop(self, name: str, term: Expression) -> Part:
        body, _ = self.block(("endfor",))

        def run(values: Values, fuel: Fuel) -> Iterator[str]:
            for index, item in enumerate(_items(term(values, fuel))):
                fuel.burn()
                yield from body({**values, name: item, "loop": {"index": index + 1, "first": index == 0}}, fuel)

        return run

    def _choice(self, condition: str) -> Part:
        branches: list[tuple[Expression, Part]] = []
        other: Part = _literal("")
        ended: str | None = f"elif {condition}"
        while ended and ended.split()[0] != "endif":
            word, _, rest = ended.partition(" ")
            ends = ("endif",) if word == "else" else ("elif", "else", "endif")
            body, ended = self.block(ends)
            if word == "else":
                other = body
            else:
                branches.append((_term(rest), body))

        def run(values: Values, fuel: Fuel) -> Iterator[str]:
            chosen = next((body for term, body in branches if term(values, fuel)), other)
            return chosen(values, fuel)

        return run


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    for mark in MARK.finditer(source):
        if mark.start() > at:
            yield "text", source[at : mark.start()]
        inner = mark[0][2:-2].strip()
        yield ("value" if mark[0][1] == "{" else "statement"), inner
        at = mark.end()
    if at < len(source):
        yield "text", source[at:]


def _literal(text: str) -> Part:
    return lambda _values, _fuel: iter((text,))


def _printed(term: Expression) -> Part:
    def run(values: Values, fuel: Fuel) -> Iterator[str]:
        value = term(values, fuel)
        fuel.take(value)
        yield shown(value)

    return run


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]

    def run(values: Values, fuel: Fuel) -> Iterator[str]:
        for part in parts:
            yield from part(values, fuel)

    return run


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return list(value)
    raise TemplateError(f"a loop needs a list or an object, not {shown(value)[:40]!r}")
