"""A client's schema while it is followed: its references, patterns and counted steps; it judges no value."""

from collections.abc import Hashable, Mapping
from typing import Any

from emulator.script.bounds import STEPS, SchemaError, Steps
from emulator.script.pattern_match import Program

Schema = Mapping[str, Any] | bool


class Document(Steps):
    """The outermost schema, into which references point, and the steps that are left for one value."""

    def __init__(self, root: Any, steps: int = STEPS) -> None:
        super().__init__(steps)
        self.root = root
        self._programs: dict[str, Program] = {}
        # The list is kept with its keys: the id of a list that is gone may be another's.
        self._keys: dict[int, tuple[Any, frozenset[Hashable]]] = {}

    def resolve(self, reference: Any) -> Schema:
        """The schema that a `$ref` within the same document points to."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaError(f"'$ref' {reference!r} points outside the schema")
        found = self.root
        path = reference.lstrip("#").split("/")[1:]
        self.spend(1 + len(path))
        for step in path:
            key = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise SchemaError(f"'$ref' {reference!r} points to nothing") from None
        if not isinstance(found, (dict, bool)) or reference[1:2] not in ("", "/"):
            raise SchemaError(f"'$ref' {reference!r} points to no schema")
        return found

    def program(self, pattern: str) -> Program:
        """A pattern, read once; raises SchemaError."""
        if pattern not in self._programs:
            self._programs[pattern] = Program(pattern, self)
        return self._programs[pattern]

    def search(self, pattern: str, text: str) -> bool:
        """Whether a text holds a match of the pattern; raises SchemaError."""
        return self.program(pattern).search(text)

    def key(self, value: Any) -> Hashable:
        """Something that is equal for equal JSON values, and only for those: 1 is 1.0, but not true."""
        self.spend()
        if isinstance(value, bool):
            return ("boolean", value)
        if isinstance(value, list):
            return ("array", *map(self.key, value))
        if isinstance(value, dict):
            return frozenset((name, self.key(part)) for name, part in value.items())
        return value  # type: ignore[no-any-return]

    def same(self, one: Any, other: Any) -> bool:
        """Whether two JSON values are equal."""
        return self.key(one) == self.key(other)

    def among(self, value: Any, choices: list[Any]) -> bool:
        """Whether a value is one of the choices, which are looked through once, not for each value."""
        if id(choices) not in self._keys:
            self._keys[id(choices)] = (choices, frozenset(map(self.key, choices)))
        return self.key(value) in self._keys[id(choices)][1]

    def unique(self, values: list[Any]) -> bool:
        """Whether no two values are equal."""
        return len(set(map(self.key, values))) == len(values)
