"""Makes a JSON value that is valid for a JSON Schema, the same one each time; it draws nothing at random."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from emulator.script.believable import Hint, name_words, sample, sized
from emulator.script.numbers import number_for
from emulator.script.pattern import text_for
from emulator.script.schema_match import (
    Schema,
    SchemaError,
    is_number,
    item_schema,
    matches,
    property_schema,
    same,
)
from emulator.script.schema_merge import Refs, candidates

BUDGET = 5_000  # flat schemas tried for one value
DEPTH = 64  # levels of nesting
UNIQUE_TRIES = 50
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
    GenerateError.
    """
    try:
        return _Maker(schema, hint).value(schema, "", frozenset({"#"}))
    except SchemaError as error:
        raise GenerateError(str(error)) from None
    except RecursionError:
        raise GenerateError("a '$ref' never ends") from None
    except (TypeError, AttributeError, ValueError, LookupError, ArithmeticError) as error:
        raise GenerateError(f"the schema is no valid JSON Schema ({error})") from None


class _Maker:
    """One value in the making. `variant` numbers the choices: each scalar takes its part of it."""

    def __init__(self, root: Schema, hint: str) -> None:
        self.root, self.hint = root, Hint(hint)
        self.variant = self.steps = self.depth = 0
        self.used: frozenset[Any] = frozenset()

    def pick(self, choices: Any) -> Any:
        self.variant, at = divmod(self.variant, len(choices))
        return choices[at]

    def rest(self) -> int:
        rest, self.variant = self.variant, 0
        return rest

    def value(self, schema: Schema, name: str, refs: Refs) -> Any:
        """A value for a schema; tries its branches until one gives a value that is valid for the whole."""
        before = (self.variant, self.used)
        problem = SchemaError("no value was found that keeps to 'not', 'oneOf' and the rest of the schema")
        if self.depth >= DEPTH:
            raise SchemaError(f"the schema is nested more than {DEPTH} levels deep")
        self.depth += 1
        try:
            for flat, inner in candidates(schema, self.root, refs):
                self.steps += 1
                if self.steps > BUDGET:
                    raise SchemaError(f"the schema asks for more than {BUDGET} values or branches")
                for proposal in self.proposals(flat, name, inner):
                    try:
                        self.variant, self.used = before
                        value = proposal()
                    except SchemaError as error:
                        problem = error
                        continue
                    if matches(schema, value, self.root):
                        return value
        finally:
            self.depth -= 1
        raise problem

    def proposals(self, flat: Mapping[str, Any], name: str, refs: Refs) -> Iterator[Any]:
        """Ways to make a value for a flat schema, the most believable first."""
        if "const" in flat:
            yield lambda: flat["const"]
        elif "enum" in flat:
            yield lambda: self.choice(flat)
        else:
            if "default" in flat and flat["default"] is not None and self.variant == 0:
                yield lambda: flat["default"]
            for kind in _kinds(flat):
                yield lambda kind=kind: self.make(kind, flat, name, refs)

    def make(self, kind: str, flat: Mapping[str, Any], name: str, refs: Refs) -> Any:
        match kind:
            case "object":
                return self.object(flat, refs)
            case "array":
                return self.array(flat, name, refs)
            case "string":
                return self.string(flat, name)
            case "integer" | "number":
                return self.number(flat, integer=kind == "integer")
            case "boolean":
                return self.pick((True, False))
            case "null":
                return None
        raise SchemaError(f"the 'type' {kind!r} is not known")

    def choice(self, flat: Mapping[str, Any]) -> Any:
        choices = [value for value in flat["enum"] if matches(flat, value, self.root)]
        if not choices:
            raise SchemaError("no value of 'enum' fits the rest of the schema")
        choices.sort(key=lambda value: (value is None, not self.hint.mentions(value)))
        return self.pick(choices)

    def object(self, flat: Mapping[str, Any], refs: Refs) -> dict[str, Any]:
        needed = set(flat.get("required", ()))
        names = dict.fromkeys([*flat.get("properties", ()), *flat.get("required", ())])
        made: dict[str, Any] = {}
        most = flat.get("maxProperties", len(names))
        for name in sorted(names, key=lambda name: name not in needed):
            if name in needed or len(made) < most:
                self.property(made, name, flat, refs, needed=name in needed)
        value = {name: made[name] for name in names if name in made}
        if not matches({"dependentRequired": flat.get("dependentRequired", {})}, value, self.root):
            for name, needs in flat["dependentRequired"].items():
                for need in needs if name in value else ():
                    if need not in value:
                        value[need] = self.value(property_schema(need, flat), need, refs)
        more = _more_names(flat)
        while len(value) < flat.get("minProperties", 0):
            if (name := next(more)) not in value:
                value[name] = self.value(property_schema(name, flat), name, refs)
        return value

    def property(self, made: dict[str, Any], name: str, flat: Mapping[str, Any], refs: Refs, *, needed: bool) -> None:
        try:
            if matches(flat.get("propertyNames", True), name, self.root):
                made[name] = self.value(property_schema(name, flat), name, refs)
        except SchemaError:
            # What is optional may be left out, and so may end a recursion.
            if needed:
                raise

    def array(self, flat: Mapping[str, Any], name: str, refs: Refs) -> list[Any]:
        least = max(flat.get("minItems", 0), flat.get("minContains", 1) if "contains" in flat else 0)
        wanted = max(least, min(len(flat.get("prefixItems", ())) or 1, flat.get("maxItems", 1 << 30)))
        made: list[Any] = []
        outer = self.rest()
        for at in range(wanted):
            try:
                made.append(self.item(made, flat, name, refs, at + outer))
            except SchemaError:
                if at < least:
                    raise
                break
        self.variant = 0
        return made

    def item(self, made: list[Any], flat: Mapping[str, Any], name: str, refs: Refs, variant: int) -> Any:
        schema = item_schema(len(made), flat)
        if "contains" in flat and len(made) < flat.get("minContains", 1):
            schema = {"allOf": [schema, flat["contains"]]}
        for shift in range(UNIQUE_TRIES):
            self.variant = variant + shift
            value = self.value(schema, name, refs)
            if not flat.get("uniqueItems") or not any(same(value, other) for other in made):
                return value
        raise SchemaError("'uniqueItems' asks for more values than there are")

    def string(self, flat: Mapping[str, Any], name: str) -> str:
        low, high, kind = flat.get("minLength", 0), flat.get("maxLength"), flat.get("format")
        variant = self.rest()
        for text in self.found(flat, name, kind) if variant == 0 else ():
            if matches(flat, text, self.root):
                self.used |= {text}
                return text
        if kind is not None and (formatted := sample(kind, variant)) is not None:
            return formatted
        if "pattern" in flat:
            return text_for(flat["pattern"], low=low, high=high, variant=variant)
        return sized(" ".join(name_words(name)) or "text", low, high, variant)

    def found(self, flat: Mapping[str, Any], name: str, kind: str | None) -> Iterator[str]:
        """Texts of the prompt and the schema that were not taken yet."""
        if kind is not None:
            yield from self.hint.formatted(kind)
            if sample(kind, 0) is not None:
                return
        for text in self.hint.texts(name):
            if text not in self.used:
                yield text
        yield from (text for text in flat.get("examples", ()) if isinstance(text, str))

    def number(self, flat: Mapping[str, Any], *, integer: bool) -> int | float:
        variant = self.rest()
        for at, value in enumerate(self.hint.numbers if variant == 0 else ()):
            if at not in self.used and (not integer or isinstance(value, int)) and matches(flat, value, self.root):
                self.used |= {at}
                return value
        examples = [value for value in flat.get("examples", ()) if is_number(value)] if variant == 0 else []
        for value in examples:
            if matches({**flat, "type": "integer" if integer else "number"}, value, self.root):
                return int(value) if integer else value
        return number_for(flat, integer=integer, variant=variant)


def _kinds(flat: Mapping[str, Any]) -> list[str]:
    """The types to try, `null` last; where none is named, what the keywords speak of."""
    named = flat.get("type")
    if named is None:
        return [kind for kind, keywords in SHAPES if any(word in flat for word in keywords)] + [
            "string",
            "null",
        ]
    kinds = named if isinstance(named, list) else [named]
    return sorted(kinds, key=lambda kind: kind == "null")


def _more_names(flat: Mapping[str, Any]) -> Iterator[str]:
    """Names of properties that nobody named, for `minProperties`."""
    patterns = list(flat.get("patternProperties", ()))
    wanted = flat.get("propertyNames", True)
    if isinstance(wanted, dict) and "pattern" in wanted:
        patterns.insert(0, wanted["pattern"])
    closed = flat.get("additionalProperties", True) is False
    for at in count(1):
        if at > UNIQUE_TRIES * 10 or (closed and not patterns):
            raise SchemaError("'minProperties' asks for more properties than there can be")
        yield text_for(patterns[0], variant=at - 1) if patterns else f"property_{at}"
