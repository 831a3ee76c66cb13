"""From a body's bytes to checked values: JSON's and pydantic's errors as `ApiError`s; it knows no field."""

from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

import orjson
from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from emulator.core.errors import ERRORS, ApiError, quoted_list
from emulator.core.lazy_pattern import lazy_pattern

# orjson reads deeper values than it can write (254 levels), and what is read must be answered and stored.
_SHALLOW = 200
_MARGIN = 20
_ID = lazy_pattern(r"[A-Za-z0-9_-]*")
_QUOTED = lazy_pattern(r"'([^']*)'")
_EXPECTED: Mapping[str, str] = {
    "bool_type": "a boolean",
    "dict_type": "an object",
    "float_type": "a decimal",
    "int_type": "an integer",
    "list_type": "an array",
    "model_type": "an object",
    "string_type": "a string",
}
_GOT: Mapping[type, str] = {
    bool: "a boolean",
    dict: "an object",
    float: "a decimal",
    int: "an integer",
    list: "an array",
    str: "a string",
    type(None): "null",
}


class _Context(dict[str, Any]):
    """The context of a union's error; hashable, because members of a `Union` must be."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


class Wire(BaseModel):
    """Base of everything that a client sends: nothing is coerced; unknown fields are looked for elsewhere."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True, defer_build=True)


def load_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body, or `bad_json` or `body_not_object` (docs/reference/errors.md)."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError("bad_json", reason=str(error)) from None
    if raw.count(b"[") + raw.count(b"{") > _SHALLOW:
        _check_depth(body)
    if not isinstance(body, dict):
        raise ApiError("body_not_object", got=kind(body))
    return body


def _check_depth(body: Any) -> None:
    for _ in range(_MARGIN):
        body = [body]
    try:
        orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise ApiError("bad_json", reason="it is nested too deeply") from None


def kind(value: Any) -> str:
    """What the service calls the type of a JSON value: `a string`, `null` and so on."""
    return _GOT[type(value)]


def problem(row: LiteralString, **values: Any) -> PydanticCustomError:
    """What a validator raises: the row of `ERRORS` and its values; `at` is added to the path of the value."""
    return PydanticCustomError(row, "{row}", {"row": row, **values})


def shape(value: Any) -> str | None:
    """The tag of a value that may be of several JSON types: `@string`, `@object` or `@array`."""
    if isinstance(value, str):
        return "@string"
    if isinstance(value, dict):
        return "@object"
    return "@array" if isinstance(value, list) else None


def by_shape(expected: str) -> Discriminator:
    """Chooses by `shape`; `expected` names the choices in the error."""
    return Discriminator(
        shape,
        custom_error_type="invalid_type",
        custom_error_message="shape",
        custom_error_context=_Context(expected=expected),
    )


def by_type(types: Iterable[str], tag: Any, at: str = ".type") -> Discriminator:
    """Chooses by the field `type`, which must be one of `types`; `tag` gives the tag of a value, or None.

    A bad type is `invalid_value` at the path of the value with `at` added to it.
    """
    return Discriminator(
        tag,
        custom_error_type="bad_kind",
        custom_error_message="kind",
        custom_error_context=_Context(supported=quoted_list(tuple(types)), at=at),
    )


def type_of(value: Any) -> str | None:
    """The `type` of an object, None where it has none that is a string."""
    found = value.get("type") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def translate(error: ValidationError, within: str = "") -> ApiError:
    """The first error, in the order of the model's fields, as the service words it; `within` is the model's path."""
    first = error.errors(include_url=False)[0]
    param = _path(first["loc"], within)
    name, value, context = first["type"], first["input"], first.get("ctx", {})
    if name == "missing":
        return ApiError("missing_parameter", param)
    if name == "bad_kind":
        return _bad_kind(param, value, context)
    if name in ERRORS:
        return _own(name, param, value, context)
    return _plain(first, param)


def _plain(error: ErrorDetails, param: str) -> ApiError:
    """What pydantic itself finds wrong with a value."""
    name, value = error["type"], error["input"]
    if name in _EXPECTED:
        return _bad_type(param, _EXPECTED[name], value)
    if name != "literal_error":
        return _limit(error, param)
    if not isinstance(value, str):
        return _bad_type(param, "a string", value)
    supported = quoted_list(_QUOTED.findall(error["ctx"]["expected"]))
    return ApiError("invalid_value", param, value=value, supported=supported)


def _path(steps: Iterable[str | int], path: str = "") -> str:
    """`input[0].content[1].text`; the tags of unions begin with `@` and are no part of it."""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith("@"):
            path += f".{step}" if path else step
    return path


def _bad_type(param: str, expected: str, value: Any) -> ApiError:
    return ApiError("invalid_type", param, expected=expected, got=kind(value))


def _bad_kind(param: str, value: Any, context: Mapping[str, Any]) -> ApiError:
    if not isinstance(value, dict):
        return _bad_type(param, "an object", value)
    found = value.get("type")
    if found is None:
        return ApiError("missing_parameter", f"{param}.type")
    if not isinstance(found, str):
        return _bad_type(f"{param}.type", "a string", found)
    return ApiError("invalid_value", param + context["at"], value=found, supported=context["supported"])


def _own(name: str, param: str, value: Any, context: Mapping[str, Any]) -> ApiError:
    values = {key: held for key, held in context.items() if key not in ("at", "row")}
    if name == "invalid_type" and "got" not in values:
        values["got"] = kind(value)
    return ApiError(name, param + context.get("at", ""), **values)


def _limit(error: ErrorDetails, param: str) -> ApiError:
    """A value of the right type that is too small, too large, too long or of the wrong form."""
    name, value, context = error["type"], error["input"], error.get("ctx", {})
    if name in ("greater_than_equal", "less_than_equal"):
        limit = context["ge" if name == "greater_than_equal" else "le"]
        family = "integer" if isinstance(limit, int) else "decimal"
        row = "below_min_value" if name == "greater_than_equal" else "above_max_value"
        return ApiError(f"{family}_{row}", param, limit=f"{limit:g}", got=value)
    if name == "string_too_long":
        return ApiError("string_above_max_length", param, limit=context["max_length"], got=len(value))
    if name == "string_too_short":
        return ApiError("string_below_min_length", param, limit=context["min_length"], got=len(value))
    if name == "string_pattern_mismatch":
        return ApiError("string_pattern", param, pattern=context["pattern"])
    return ApiError("invalid", param, reason=f"{error['msg']}.")


def check_id(value: str, prefix: str | None, param: str) -> None:
    """An id in a request begins with `prefix` and has letters, digits, `_` and `-` only.

    Raises `id_prefix` or `id_characters` (docs/reference/errors.md).
    """
    if prefix is not None and not value.startswith(prefix):
        raise ApiError("id_prefix", param, value=value, prefix=prefix)
    if not _ID.fullmatch(value):
        raise ApiError("id_characters", param, value=value)


def check_response_id(value: str, param: str = "response_id") -> None:
    """A response id as a path or a body names it; it need not exist."""
    check_id(value, "resp", param)
