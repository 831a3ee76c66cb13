"""Small JSON bodies: checked by their model, with what nobody understood in them; it knows no field."""

from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from emulator.core.errors import ApiError
from emulator.core.unknown import unknown_fields
from emulator.core.validation import load_object, translate

Body = TypeVar("Body", bound=BaseModel)


def read_body(
    raw: bytes,
    model: type[Body],
    *,
    later: Collection[str] = (),
    strict: bool = False,
) -> tuple[Body, tuple[str, ...]]:
    """A checked body and its warnings, or the first error in it (docs/reference/errors.md).

    Unknown fields, however deep, become warnings; with `strict` the first is an `unknown_parameter`. Those of `later`
    API versions are accepted without effect.
    """
    given = load_object(raw)
    try:
        body = model.model_validate(given)
    except ValidationError as error:
        raise translate(error) from None
    unknown = [name for name in unknown_fields(given, body) if name not in later]
    if unknown and strict:
        raise ApiError("unknown_parameter", unknown[0])
    return body, tuple(f"unknown_parameter: {name}" for name in unknown)
