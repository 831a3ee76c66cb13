"""Makes a JSON value that is valid for a JSON Schema, the same one each time; it draws nothing at random."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any

from emulator.script.believable import Hint, name_words, sample, sized
from emulator.script.bounds import CHARACTERS, VALUES, SchemaError, TooMuchWorkError
from emulator.script.document import Document, Schema
from emulator.script.numbers import number_for
from emulator.script.pattern import text_for
from emulator.script.schema_match import is_number, item_schema, matches, property_schema
from emulator.script.schema_merge import Refs, candidates

DEPTH = 64  # levels of nesting
UNIQUE_TRIES = 50
NAME = 200  # characters of a property's name that a text is made of
EXAMPLES = 20  # examples of a schema that are looked at
TOLD = 300  # characters of the reason why there is no value
SHAPES = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties", "minProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "contains")),
    ("string", ("minLength", "maxLength", "pattern", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


class GenerateError(Exception):
    """No value can be made for a schema; the message names the keyword that stands in the way."""


def value_for(schema: Schema, *, hint: str = "") -> Any:
    """A JSON value valid for `schema`; the same schema and hint give the same value.

    `hint` is the prompt, whose names, quotations and numbers fill fitting strings and numbers. Optional
    properties are filled too, but for those that lead back to a schema which is being filled. Raises
    GenerateError, also where the value or the work on it would be too large.
    """
    try:
        return _Maker(Document(schema), hint).value(schema, "", frozenset({"#"}))
    except (SchemaError, TooMuchWorkError) as error:
        raise GenerateError(str(error)[:TOLD]) from None
    except RecursionError:
        raise GenerateError("the schema is nested too deeply, or a '$ref' never ends") from None
    except (TypeError, AttributeError, ValueError, LookupError, ArithmeticError) as error:
        raise GenerateError(f"the schema is no valid JSON Schema ({error})"[:TOLD]) from None


class _Maker:
    """One value in the making. `variant` numbers the choices: each scalar takes its part of it."""

    def __init__(self, document: Document, hint: str) -> None:
        self.document, self.hint = document, Hint(hint)
        self.variant = self.depth = 0
        self.used: frozenset[Any] = frozenset()
        self.size = (0, 0)  # values and characters in what is made so far

    def grow(self, values: int, characters: int) -> None:
        """Make room for more; raises SchemaError where the whole would become too large."""
        self.size = (self.size[0] + values, self.size[1] + characters)
        if self.size[0] > VALUES or self.size[1] > CHARACTERS:
            raise SchemaError(f"the value has more than {VALUES:,} parts or {CHARACTERS:,} characters")

    def take(self, value: Any) -> Any:
        """A value that stands in the schema, with room made for all that is in it."""
        waiting = [value]
        while waiting:
            self.document.spend()
            part = waiting.pop()
            self.grow(1, sum(map(len, part)) if isinstance(part, dict) else len(part) if isinstance(part, str) else 0)
            waiting.extend(part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
        return value

    def pick(self, choices: Any) -> Any:
        self.variant, at = divmod(self.variant, len(choices))
        return choices[at]

    def rest(self) -> int:
        rest, self.variant = self.variant, 0
        return rest

    def value(self, schema: Schema, name: str, refs: Refs) -> Any:
        """A value for a schema; tries its branches until one gives a value that is valid for the whole."""
        size = self.size
        if self.depth >= DEPTH:
            raise SchemaError(f"the schema is nested more than {DEPTH} levels deep")
        self.depth += 1
        try:
            return self.first(schema, name, refs)
        except SchemaError:
            self.size = size
            raise
        finally:
            self.depth -= 1

    def first(self, schema: Schema, name: str, refs: Refs) -> Any:
        """The first proposal that is valid for the schema."""
        before = (self.variant, self.used, self.size)
        problem = SchemaError("no value was found that keeps to 'not', 'oneOf' and the rest of the schema")
        for flat, inner in candidates(schema, self.document, refs):
            for proposal in self.proposals(flat, name, inner):
                self.document.spend()
                self.variant, self.used, self.size = before
                try:
                    value = proposal()
                except SchemaError as error:
                    problem = error
                    continue
                if matches(schema, value, self.document):
                    return value
        raise problem

    def proposals(self, flat: Mapping[str, Any], name: str, refs: Refs) -> Iterator[Callable[[], Any]]:
        """Ways to make a value for a flat schema, the most believable first."""
        if "const" in flat:
            yield lambda: self.take(flat["const"])
        elif "enum" in flat:
            yield lambda: self.choice(flat)
        else:
            if "default" in flat and flat["default"] is not None and self.variant == 0:
                yield lambda: self.take(flat["default"])
            for kind in _kinds(flat):
                yield partial(self.make, kind, flat, name, refs)

    def make(self, kind: str, flat: Mapping[str, Any], name: str, refs: Refs) -> Any:
        self.grow(1, 0)
        match kind:
            case "object":
                return self.object(flat, refs)
            case "array":
                return self.array(flat, name, refs)
            case "string":
                text = self.string(flat, name)
                self.grow(0, len(text))
                return text
            case "integer" | "number":
                return self.number(flat, integer=kind == "integer")
            case "boolean":
                return self.pick((True, False))
            case "null":
                return None
        raise SchemaError(f"the 'type' {kind!r} is not known")

    def choice(self, flat: Mapping[str, Any]) -> Any:
        rest = {key: value for key, value in flat.items() if key != "enum"}
        choices = [value for value in flat["enum"] if matches(rest, value, self.document)]
        if not choices:
            raise SchemaError("no value of 'enum' fits the rest of the schema")
        choices.sort(key=lambda value: (value is None, not self.hint.mentions(value)))
        return self.take(self.pick(choices))

    def object(self, flat: Mapping[str, Any], refs: Refs) -> dict[str, Any]:
        needed = set(flat.get("required", ()))
        names = dict.fromkeys([*flat.get("properties", ()), *flat.get("required", ())])
        self.document.spend(len(names))
        made: dict[str, Any] = {}
        most = flat.get("maxProperties", len(names))
        for name in sorted(names, key=lambda name: name not in needed):
            if name in needed or len(made) < most:
                self.property(made, name, flat, refs, needed=name in needed)
        value = {name: made[name] for name in names if name in made}
        if not matches({"dependentRequired": flat.get("dependentRequired", {})}, value, self.document):
            for name, needs in flat["dependentRequired"].items():
                for need in needs if name in value else ():
                    if need not in value:
                        self.put(value, need, flat, refs)
        more = _more_names(flat, self.document)
        while len(value) < flat.get("minProperties", 0):
            if (name := next(more)) not in value:
                self.put(value, name, flat, refs)
        return value

    def property(self, made: dict[str, Any], name: str, flat: Mapping[str, Any], refs: Refs, *, needed: bool) -> None:
        size = self.size
        try:
            if matches(flat.get("propertyNames", True), name, self.document):
                self.put(made, name, flat, refs)
        except SchemaError:
            # What is optional may be left out, and so may end a recursion.
            if needed:
                raise
            self.size = size

    def put(self, made: dict[str, Any], name: str, flat: Mapping[str, Any], refs: Refs) -> None:
        self.grow(0, len(name))
        made[name] = self.value(property_schema(name, flat, self.document), name, refs)

    def array(self, flat: Mapping[str, Any], name: str, refs: Refs) -> list[Any]:
        least = max(flat.get("minItems", 0), flat.get("minContains", 1) if "contains" in flat else 0)
        wanted = max(least, min(len(flat.get("prefixItems", ())) or 1, flat.get("maxItems", 1 << 30)))
        _fit(least, VALUES, "minItems")
        made: list[Any] = []
        keys: set[Any] = set()
        outer = self.rest()
        for at in range(wanted):
            try:
                made.append(self.item((made, keys), flat, name, refs, at + outer))
            except SchemaError:
                if at < least:
                    raise
                break
        self.variant = 0
        return made

    def item(
        self, before: tuple[list[Any], set[Any]], flat: Mapping[str, Any], name: str, refs: Refs, variant: int
    ) -> Any:
        made, keys = before
        schema = item_schema(len(made), flat)
        if "contains" in flat and len(made) < flat.get("minContains", 1):
            schema = {"allOf": [schema, flat["contains"]]}
        size = self.size
        for shift in range(UNIQUE_TRIES):
            self.variant, self.size = variant + shift, size
            value = self.value(schema, name, refs)
            if not flat.get("uniqueItems"):
                return value
            if (key := self.document.key(value)) not in keys:
                keys.add(key)
                return value
        raise SchemaError("'uniqueItems' asks for more values than there are")

    def string(self, flat: Mapping[str, Any], name: str) -> str:
        low, high, kind = flat.get("minLength", 0), flat.get("maxLength"), flat.get("format")
        variant = self.rest()
        for text in self.found(flat, name[:NAME], kind) if variant == 0 else ():
            if matches(flat, text, self.document):
                self.used |= {text}
                return text
        if kind is not None and (formatted := sample(kind, variant)) is not None:
            return formatted
        _fit(low, CHARACTERS, "minLength")
        if "pattern" in flat:
            return text_for(self.document.program(flat["pattern"]), low=low, high=high, variant=variant)
        return sized(" ".join(name_words(name[:NAME])) or "text", low, high, variant)

    def found(self, flat: Mapping[str, Any], name: str, kind: str | None) -> Iterator[str]:
        """Texts of the prompt and the schema that were not taken yet."""
        if kind is not None:
            yield from self.hint.formatted(kind)
            if sample(kind, 0) is not None:
                return
        for text in self.hint.texts(name):
            if text not in self.used:
                yield text
        yield from (text for text in flat.get("examples", ())[:EXAMPLES] if isinstance(text, str))

    def number(self, flat: Mapping[str, Any], *, integer: bool) -> int | float:
        variant = self.rest()
        for at, value in enumerate(self.hint.numbers if variant == 0 else ()):
            if at not in self.used and (not integer or isinstance(value, int)) and matches(flat, value, self.document):
                self.used |= {at}
                return value
        kind = {**flat, "type": "integer" if integer else "number"}
        for value in flat.get("examples", ())[:EXAMPLES] if variant == 0 else ():
            if is_number(value) and matches(kind, value, self.document):
                return int(value) if integer else value
        return number_for(kind, self.document, variant)


def _fit(least: int, most: int, keyword: str) -> None:
    """Refuse before it is made what could only be too large."""
    if least > most:
        raise SchemaError(f"'{keyword}' is more than {most:,}, and needs a fixture")


def _kinds(flat: Mapping[str, Any]) -> list[str]:
    """The types to try, `null` last; where none is named, what the keywords speak of."""
    named = flat.get("type")
    if named is None:
        return [kind for kind, keywords in SHAPES if any(word in flat for word in keywords)] + [
            "string",
            "null",
        ]
    kinds = dict.fromkeys(named if isinstance(named, list) else [named])
    return sorted(kinds, key=lambda kind: kind == "null")


def _more_names(flat: Mapping[str, Any], document: Document) -> Iterator[str]:
    """Names of properties that nobody named, for `minProperties`."""
    patterns = list(flat.get("patternProperties", ()))
    wanted = flat.get("propertyNames", True)
    if isinstance(wanted, dict) and "pattern" in wanted:
        patterns.insert(0, wanted["pattern"])
    closed = flat.get("additionalProperties", True) is False
    for at in count(1):
        if at > UNIQUE_TRIES * 10 or (closed and not patterns):
            raise SchemaError("'minProperties' asks for more properties than there can be")
        yield text_for(document.program(patterns[0]), variant=at - 1) if patterns else f"property_{at}"
