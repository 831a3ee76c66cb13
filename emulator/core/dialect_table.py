"""How the dialects differ, read out of their data for people and programs; it knows nothing that is not in it."""

from collections.abc import Callable, Sequence

from emulator.core.dialects import DIALECTS, Dialect, Headers
from emulator.core.errors import ERRORS, ErrorRow
from emulator.core.records import dataclass

Value = bool | str | list[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which dialects differ: the `field` of `Dialect` that says it, in words, and each one's value."""

    field: str
    what: str
    values: tuple[Value, ...]


def _request_id(dialect: Dialect) -> Value:
    return f"{dialect.request_id_prefix}..." if dialect.request_id_prefix else "a UUID"


def _file_ids(dialect: Dialect) -> Value:
    own = [f"{prefix}... for {purpose}" for purpose, prefix in dialect.file_prefixes.items()]
    return [*own, "file-... for others"] if own else "file-..."


def _names(headers: Headers) -> Value:
    return [f"{name.decode()}: {value.decode()}" for name, value in headers]


# In the order in which they are told.
_ROWS: tuple[tuple[str, str, Callable[[Dialect], Value]], ...] = (
    ("prefixes", "base URLs", lambda one: list(one.prefixes)),
    ("compact", "/responses/compact", lambda one: one.compact),
    ("conversations", "/conversations", lambda one: one.conversations),
    ("content_filters", "content_filters in a Response", lambda one: one.content_filters),
    ("filter_key", "what was found in a blocked prompt", lambda one: one.filter_key or "none"),
    ("deleted_object", "object of a deleted response", lambda one: one.deleted_object),
    ("request_id_prefix", "ids of requests", _request_id),
    ("file_prefixes", "ids of files", _file_ids),
    (
        "hex_file_prefixes",
        "ids of files with 32 hex digits",
        lambda one: [f"{prefix}..." for prefix in one.hex_file_prefixes],
    ),
    ("file_purposes", "purposes of files", lambda one: list(one.file_purposes)),
    ("upload_status", "status of an upload", lambda one: str(one.upload_status)),
    ("kept_purposes", "purposes that cannot be downloaded", lambda one: list(one.kept_purposes)),
    ("image_file_ids", "images by file_id", lambda one: one.image_file_ids),
    ("image_types", "types of images", lambda one: list(one.image_types)),
    ("image_header", "header that names who draws", lambda one: one.image_header or "none"),
    ("model_facts", "what a model can do, in /models", lambda one: one.model_facts),
    ("done_frame", "data: [DONE] with --done-frame", lambda one: one.done_frame),
    ("headers", "headers of every answer", lambda one: _names(one.headers)),
    ("model_headers", "headers of what the model answers", lambda one: _names(one.model_headers)),
    (
        "gateway_headers",
        "apim-request-id, x-ms-region, x-ms-client-request-id",
        lambda one: one.gateway_headers,
    ),
    ("timed", "openai-processing-ms", lambda one: one.timed),
    ("limit_resets", "x-ratelimit-reset-* where a limit is set", lambda one: one.limit_resets),
)


def differences(dialects: Sequence[Dialect] = DIALECTS) -> list[Difference]:
    """All in which the dialects differ but their errors; the values are in the order of `dialects`."""
    found = (Difference(field, what, tuple(value(one) for one in dialects)) for field, what, value in _ROWS)
    return [one for one in found if len(set(map(str, one.values))) > 1]


def error_differences(dialects: Sequence[Dialect] = DIALECTS) -> dict[str, tuple[ErrorRow, ...]]:
    """The rows of the error table that a dialect has otherwise, by name; each one's row in the order of `dialects`."""
    rows = {name: tuple(one.errors.get(name, row) for one in dialects) for name, row in ERRORS.items()}
    return {name: found for name, found in rows.items() if len(set(found)) > 1}
