"""The bodies of the uploads API, checked; it stores nothing and knows no dialect."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emulator.core.input_params import plain
from emulator.core.small_bodies import read_body
from emulator.core.validation import Wire

MOST_BYTES = 8 * 1024 * 1024 * 1024  # that the service lets an upload declare
PART_LIMIT = 64 * 1024 * 1024
LIFE = 3_600  # seconds in which an upload must be completed
SHORTEST_LIFE, LONGEST_LIFE = 3_600, 2_592_000  # of a file

Text = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain)]


class ExpiresAfter(Wire):
    """How many seconds the file lives once it is made."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=SHORTEST_LIFE, le=LONGEST_LIFE)]


class UploadBody(Wire):
    """The body of `POST /uploads`."""

    bytes: Annotated[int, Field(ge=0, le=MOST_BYTES)]
    filename: Text
    mime_type: Text
    purpose: Text
    expires_after: ExpiresAfter | None = None


class CompleteBody(Wire):
    """The body of `POST /uploads/{id}/complete`; `md5` is that of the whole file in hex."""

    part_ids: list[str]
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None


def parse_upload(raw: bytes, *, strict: bool = False) -> tuple[UploadBody, tuple[str, ...]]:
    """The body of `POST /uploads` and its warnings, or the first error in it (docs/reference/errors.md)."""
    return read_body(raw, UploadBody, strict=strict)


def parse_complete(raw: bytes, *, strict: bool = False) -> tuple[CompleteBody, tuple[str, ...]]:
    """The body of `POST /uploads/{id}/complete` and its warnings, or the first error in it."""
    return read_body(raw, CompleteBody, strict=strict)
