"""Pydantic models of the bodies of the vector stores API; they store nothing, and no file is looked for."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Tag

from emulator.core.attribute_filters import FileAttributes, Filter
from emulator.core.container_params import FileId
from emulator.core.input_params import plain
from emulator.core.request_body import Metadata
from emulator.core.tool_params import RankingOptions
from emulator.core.validation import Wire, by_shape, by_type, problem, type_of

CHUNK_TOKENS, OVERLAP_TOKENS = 800, 400
MOST_CHUNK_TOKENS, LEAST_CHUNK_TOKENS = 4_096, 100
MOST_DAYS = 365
MOST_FILE_IDS, MOST_BATCH = 500, 2_000
LONGEST_NAME = 256
LONGEST_QUERY = 4_096
MOST_RESULTS, RESULTS = 50, 10
# Parameters that are accepted, without effect.
LATER = frozenset({"description"})

Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(plain)]


class ExpiresAfter(Wire):
    """After how many days without use a vector store expires."""

    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]


class AutoChunking(Wire):
    """Chunks as the service likes them: 800 tokens, 400 of which overlap."""

    type: Literal["auto"]


class Sizes(Wire):
    """How large chunks are, and how much of each the next one repeats."""

    max_chunk_size_tokens: Annotated[int, Field(ge=LEAST_CHUNK_TOKENS, le=MOST_CHUNK_TOKENS)]
    chunk_overlap_tokens: Annotated[int, Field(ge=0)]


def _halved(sizes: Sizes) -> Sizes:
    if sizes.chunk_overlap_tokens > (most := sizes.max_chunk_size_tokens // 2):
        got = sizes.chunk_overlap_tokens
        raise problem("integer_above_max_value", at=".chunk_overlap_tokens", limit=most, got=got)
    return sizes


class StaticChunking(Wire):
    """Chunks of a size of one's own."""

    type: Literal["static"]
    static: Annotated[Sizes, AfterValidator(_halved)]


def _chunking_tag(value: object) -> str | None:
    found = type_of(value)
    return f"@{found}" if found else None


Chunking = Annotated[
    Annotated[AutoChunking, Tag("@auto")] | Annotated[StaticChunking, Tag("@static")],
    by_type(("auto", "static"), _chunking_tag),
]


def _at_most(limit: int) -> AfterValidator:
    def check(values: list[object]) -> list[object]:
        if len(values) > limit:
            raise problem("array_above_max_length", limit=limit, got=len(values))
        return values

    return AfterValidator(check)


class StoreBody(Wire):
    """The body of `POST /vector_stores`."""

    name: Name | None = None
    file_ids: Annotated[list[FileId], _at_most(MOST_FILE_IDS)] | None = None
    expires_after: ExpiresAfter | None = None
    chunking_strategy: Chunking | None = None
    metadata: Metadata | None = None


class ChangeBody(Wire):
    """The body of `POST /vector_stores/{id}`; what is left out stays."""

    name: Name | None = None
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None


class FileBody(Wire):
    """The body of `POST /vector_stores/{id}/files`, and one of `files` of a batch."""

    file_id: FileId
    attributes: FileAttributes | None = None
    chunking_strategy: Chunking | None = None


class AttributesBody(Wire):
    """The body of `POST /vector_stores/{id}/files/{file_id}`."""

    attributes: FileAttributes | None


class BatchBody(Wire):
    """The body of `POST /vector_stores/{id}/file_batches`: `file_ids` with what holds for all, or `files`."""

    file_ids: Annotated[list[FileId], _at_most(MOST_BATCH)] | None = None
    attributes: FileAttributes | None = None
    chunking_strategy: Chunking | None = None
    files: Annotated[list[FileBody], _at_most(MOST_BATCH)] | None = None


Query = Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]


def _some(queries: list[str]) -> list[str]:
    if not queries:
        raise problem("array_below_min_length", limit=1, got=0)
    return queries


class SearchBody(Wire):
    """The body of `POST /vector_stores/{id}/search`."""

    query: Annotated[
        Annotated[Query, Tag("@string")] | Annotated[list[Query], AfterValidator(_some), Tag("@array")],
        by_shape("one of a string or array of strings"),
    ]
    filters: Filter | None = None
    max_num_results: Annotated[int, Field(ge=1, le=MOST_RESULTS)] | None = None
    ranking_options: RankingOptions | None = None
    rewrite_query: bool | None = None


def sizes_of(chunking: AutoChunking | StaticChunking | None) -> tuple[int, int]:
    """The tokens of a chunk, and of those the ones that the next one repeats."""
    if isinstance(chunking, StaticChunking):
        return chunking.static.max_chunk_size_tokens, chunking.static.chunk_overlap_tokens
    return CHUNK_TOKENS, OVERLAP_TOKENS
