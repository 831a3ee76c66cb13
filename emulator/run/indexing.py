"""Uploaded files made ready to be searched: read, decoded, cut into chunks; it writes nothing and ranks nothing."""

import asyncio
import codecs
from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any

import orjson

from emulator.core import search
from emulator.core.records import dataclass
from emulator.core.search import Chunk
from emulator.core.vector_store_params import CHUNK_TOKENS, OVERLAP_TOKENS
from emulator.documents.pdf import PdfError
from emulator.documents.reader import LARGEST as LARGEST_PDF
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.store.files import FileRow
from emulator.store.vector_stores import Indexed, SearchedFileRow

LARGEST_TEXT = 5_000_000  # bytes of one file that is no PDF
UNSUPPORTED = ("unsupported_file", "The file type is not supported.")
EMPTY = ("invalid_file", "The file could not be parsed because it is empty.")
TOO_LARGE = ("invalid_file", "The file could not be parsed because it is too large.")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be searched; `param` is its place in the request."""

    file_id: str
    param: str
    attributes: dict[str, Any] = field(default_factory=dict)
    chunk_tokens: int = CHUNK_TOKENS
    overlap_tokens: int = OVERLAP_TOKENS


class _UnreadableError(Exception):
    """Why a file cannot be searched: its arguments are the code and the message of `last_error`."""


async def index(
    namespace: Namespace, store_id: str, wanted: Sequence[NewFile], batch_id: str | None = None
) -> list[Indexed]:
    """The rows and chunks of files for a vector store; one that cannot be read is `failed` in its row.

    Raises `file_not_found` with its param, before any file is read.
    """
    once = {new.file_id: new for new in wanted}.values()
    found = [(new, await uploads.find(namespace, new.file_id, new.param)) for new in once]
    return [await _indexed(namespace, store_id, new, file, batch_id) for new, file in found]


async def _indexed(namespace: Namespace, store_id: str, new: NewFile, file: FileRow, batch_id: str | None) -> Indexed:
    row = SearchedFileRow(
        namespace=namespace.name,
        vector_store_id=store_id,
        id=file.id,
        filename=file.filename,
        attributes=orjson.dumps(new.attributes),
        chunk_tokens=new.chunk_tokens,
        overlap_tokens=new.overlap_tokens,
        usage_bytes=0,
        error=None,
        message=None,
        batch_id=batch_id,
        created_at=namespace.clock.now(),
    )
    try:
        text = await _text(namespace, file)
    except _UnreadableError as error:
        code, message = error.args
        return replace(row, error=code, message=message), ()
    chunks: list[Chunk] = await asyncio.to_thread(search.chunks, text, new.chunk_tokens, new.overlap_tokens)
    return replace(row, usage_bytes=sum(len(chunk.text.encode()) for chunk in chunks)), chunks


async def _text(namespace: Namespace, file: FileRow) -> str:
    """The text of a file, by what its bytes are; raises _UnreadableError."""
    is_pdf = file.filename.lower().endswith(".pdf")
    if file.bytes > (LARGEST_PDF if is_pdf else LARGEST_TEXT):
        raise _UnreadableError(*TOO_LARGE)
    data = await uploads.whole(namespace, file.id, file.bytes) or b""
    text = await _of_pdf(namespace, data) if is_pdf else _decoded(data)
    if not text.strip():
        raise _UnreadableError(*EMPTY)
    return text


async def _of_pdf(namespace: Namespace, data: bytes) -> str:
    try:
        return (await namespace.documents.read(data)).text
    except PdfError as error:
        raise _UnreadableError("invalid_file", f"The file could not be parsed because the PDF {error}.") from None


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-16" if data[:2] in _UTF_16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise _UnreadableError(*UNSUPPORTED) from None
    if "\0" in text:  # of a binary file that happens to be UTF-8
        raise _UnreadableError(*UNSUPPORTED)
    return text
