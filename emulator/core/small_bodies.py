"""Small JSON bodies: checked by their model, with what nobody understood in them; it knows no field."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from emulator.core.errors import ApiError
from emulator.core.unknown import names
from emulator.core.validation import load_object, translate

Body = TypeVar("Body", bound=BaseModel)


def read_body(
    raw: bytes,
    model: type[Body],
    *,
    nested: Mapping[str, type[BaseModel]] | None = None,
    later: Collection[str] = (),
    strict: bool = False,
) -> tuple[Body, tuple[str, ...]]:
    """A checked body and its warnings, or the first error in it (docs/reference/errors.md).

    Unknown fields, also those of the objects in `nested`, become warnings; with `strict` the first is an
    `unknown_parameter`. Those of `later` API versions are accepted without effect.
    """
    given = load_object(raw)
    try:
        body = model.model_validate(given)
    except ValidationError as error:
        raise translate(error) from None
    unknown = [name for name in _unknown(given, model) if name not in later]
    for field, inner in (nested or {}).items():
        if isinstance(held := given.get(field), dict):
            unknown += [f"{field}.{name}" for name in _unknown(held, inner)]
    if unknown and strict:
        raise ApiError("unknown_parameter", unknown[0])
    return body, tuple(f"unknown_parameter: {name}" for name in unknown)


def _unknown(given: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    known = names(model)
    return [name for name, held in given.items() if held is not None and name not in known]
