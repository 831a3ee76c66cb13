"""Steps that wait for their templates: what is filled in when the plan is made; it reads no fixture."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.records import dataclass
from emulator.script.node import Node
from emulator.script.plan import Step
from emulator.script.template import Template, template
from emulator.script.template_parts import TemplateError, Values


@dataclass(frozen=True, slots=True)
class Draft:
    """A step with templates in its `fields`; `label` is its place in the fixture, such as `then[0].message`."""

    make: Callable[..., Step]
    fields: Mapping[str, Any]
    label: str

    @property
    def kind(self) -> str:
        """The kind of the step."""
        return str(getattr(self.make, "kind", ""))

    def step(self, values: Values) -> Step:
        """The step with its values; raises TemplateError, which names the place."""
        try:
            return self.make(**{name: _text(field, values) for name, field in self.fields.items()})
        except TemplateError as error:
            raise TemplateError(f"{self.label}: {error}") from None


@dataclass(frozen=True, slots=True)
class Json:
    """A value that becomes JSON text, its templates filled in before it is written."""

    value: Any


@dataclass(frozen=True, slots=True)
class Texts:
    """A value whose texts stay texts, whatever their templates stand for."""

    value: Any


def made(make: Callable[..., Step], label: str, **fields: Any) -> Step | Draft:
    """The step at once where nothing is to be filled in."""
    draft = Draft(make, fields, label)
    return draft if any(_waits(field) for field in fields.values()) else draft.step({})


def words(node: Node) -> str | Template:
    """A text that may be a template."""
    return _words(node, node.text())


def data(node: Node) -> Any:
    """A value of JSON, in which any text may be a template."""
    if isinstance(node.value, dict):
        return {key: data(entry) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [data(entry) for entry in node.value]
    return _words(node, node.value) if isinstance(node.value, str) else node.value


def arguments(node: Node) -> Json | str | Template:
    """The arguments of a call: a mapping, or text that is sent as it is."""
    if isinstance(node.value, str):
        return words(node)
    if not isinstance(node.value, dict):
        node.wrong(f"{node.label} must be a mapping or JSON text, not {node.kind}")
    return Json(json_data(node))


def json_data(node: Node) -> Any:
    """The same as `data`, for a value that JSON can write."""
    if _not_finite(node.plain()):
        node.wrong(f"{node.label} holds a number that JSON cannot write")
    return data(node)


def _not_finite(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_not_finite, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and (value - value) != 0


def dumped(value: Any) -> str:
    """JSON text as a model writes it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def filled(value: Any, values: Values) -> Any:
    """The value with its templates filled in; one that is nothing but `{{ }}` becomes what it stands for."""
    if isinstance(value, Template):
        return value.value(values)
    if isinstance(value, Json):
        return dumped(filled(value.value, values))
    if isinstance(value, Texts):
        return _texts(value.value, values)
    if isinstance(value, dict):
        return {key: filled(entry, values) for key, entry in value.items()}
    return [filled(entry, values) for entry in value] if isinstance(value, list) else value


def _words(node: Node, text: str) -> str | Template:
    try:
        return template(text) or text
    except TemplateError as error:
        node.wrong(f"{node.label} is no template: {error}")


def _text(field: Any, values: Values) -> Any:
    """A field of a step: its texts stay texts."""
    if isinstance(field, Template):
        return field.text(values)
    if isinstance(field, Texts):
        return _texts(field.value, values)
    if isinstance(field, tuple):
        return tuple(_text(entry, values) for entry in field)
    return filled(field, values)


def _texts(value: Any, values: Values) -> Any:
    if isinstance(value, dict):
        return {key: _texts(entry, values) for key, entry in value.items()}
    if isinstance(value, list):
        return [_texts(entry, values) for entry in value]
    return value.text(values) if isinstance(value, Template) else value


def _waits(field: Any) -> bool:
    if isinstance(field, Json | Texts):
        return _waits(field.value)
    if isinstance(field, dict):
        return any(map(_waits, field.values()))
    return any(map(_waits, field)) if isinstance(field, list | tuple) else isinstance(field, Template)
