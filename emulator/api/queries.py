"""Which query parameters each endpoint knows; another is named in a warning, or refused where validation is strict."""

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Scope

from emulator.api.call import Call
from emulator.core.errors import ApiError
from emulator.core.lazy_pattern import lazy_pattern

EVERYWHERE = frozenset({"api-version"})
PAGE = frozenset({"limit", "order", "after"})
BOTH_WAYS = PAGE | {"before"}
_STREAM = frozenset({"stream", "starting_after", "include_obfuscation", "include"})
# What an endpoint knows, by its method and path; one that is not here knows nothing but what all do.
KNOWN: Mapping[tuple[str, str], Collection[str]] = {
    ("GET", "/responses/{response_id}"): _STREAM,
    ("GET", "/responses/{response_id}/input_items"): BOTH_WAYS | {"include"},
    ("GET", "/files"): PAGE | {"purpose"},
    ("GET", "/containers"): PAGE | {"name"},
    ("GET", "/containers/{container_id}/files"): PAGE,
    ("GET", "/vector_stores"): BOTH_WAYS,
    ("GET", "/vector_stores/{vector_store_id}/files"): BOTH_WAYS | {"filter"},
    ("GET", "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files"): BOTH_WAYS | {"filter"},
    ("POST", "/conversations/{conversation_id}/items"): {"include"},
    ("GET", "/conversations/{conversation_id}/items"): PAGE | {"include"},
    ("GET", "/conversations/{conversation_id}/items/{item_id}"): {"include"},
}
_INDEX = lazy_pattern(r"\[[0-9]*\]$")


def last_given(request: Request, name: str) -> str | None:
    """A query parameter as lists take it: of several values the last that is not empty counts."""
    given = [value for value in request.query_params.getlist(name) if value]
    return given[-1] if given else None


def check_query(scope: Scope, known: Collection[str]) -> None:
    """Name the query parameters that are not among `known`; strict validation refuses the first."""
    call: Call = scope["emulator"]
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    names = dict.fromkeys(_INDEX.sub("", name) for name, _ in pairs)
    unknown = [name for name in names if name not in known and name not in EVERYWHERE]
    if unknown and call.strict:
        raise ApiError("unknown_parameter", unknown[0])
    call.warn(*(f"unknown_parameter: {name}" for name in unknown))
