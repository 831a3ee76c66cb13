"""The endpoints under `/files`: an upload goes to the store piece by piece, a download comes from it so."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from emulator.api.call import FILE_LIMIT, Call, answer, call_of
from emulator.api.multipart import FILE_FIELD, Form
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError, quoted_list
from emulator.core.ids import Ids
from emulator.core.requests import parse_list_query
from emulator.run.namespace import Namespace
from emulator.store import files
from emulator.store.files import PIECE, FilePage, FileRow

LONGEST_LIST = 10_000
SHORTEST_LIFE, LONGEST_LIFE = 3_600, 2_592_000
# What a form may weigh besides its file.
FORM_MARGIN = PIECE
ANCHOR, SECONDS = "expires_after[anchor]", "expires_after[seconds]"
FIELDS = frozenset({"purpose", ANCHOR, SECONDS})
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NOT_PLAIN = re.compile(r'[^ !#-\[\]-~]|"')


async def create(request: Request) -> Response:
    """POST /files: a multipart form with `file`, `purpose` and, if it shall expire, `expires_after[...]`."""
    call = call_of(request)
    _check_length(request)
    form = Form(request.headers.get("content-type", ""), FILE_LIMIT, PIECE)
    upload = _Upload(call, form)
    try:
        await upload.read(request)
        row = await upload.finish()
    finally:
        await upload.abandon()
    return answer(shown(row))


async def list_files(request: Request) -> Response:
    """GET /files: newest first unless asked otherwise, of one purpose if asked."""
    call = call_of(request)
    namespace, now = call.namespace, call.namespace.clock.now()
    query = parse_list_query(request.query_params.multi_items(), max_limit=LONGEST_LIST, default=LONGEST_LIST)
    after = await _after(namespace, query.after, now)
    purpose = request.query_params.get("purpose") or None
    asked = FilePage(query.limit + 1, query.order == "desc", after, purpose)
    rows = await namespace.store.read(lambda read: files.page(read, namespace.name, asked, now))
    data = [shown(row) for row in rows[: query.limit]]
    return answer(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(rows) > len(data),
        }
    )


async def retrieve(request: Request) -> Response:
    """GET /files/{id}."""
    return answer(shown(await _find(request)))


async def delete(request: Request) -> Response:
    """DELETE /files/{id}: its bytes go with it."""
    namespace = call_of(request).namespace
    file_id: str = request.path_params["file_id"]
    now = namespace.clock.now()
    if not await namespace.store.write(lambda write: files.remove(write, namespace.name, file_id, now)):
        raise ApiError("file_not_found", "id", id=file_id)
    return answer({"id": file_id, "object": "file", "deleted": True})


async def content(request: Request) -> Response:
    """GET /files/{id}/content: the bytes as they were sent, always as a download and never as a page to show."""
    row = await _find(request)
    headers = {"content-length": str(row.bytes), "content-disposition": disposition(row.filename)}
    pieces = _pieces(call_of(request).namespace, row)
    return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")


def shown(row: FileRow) -> dict[str, Any]:
    """The File object: these nine keys, in this order."""
    return {
        "id": row.id,
        "bytes": row.bytes,
        "created_at": int(row.created_at),
        "filename": row.filename,
        "object": "file",
        "purpose": row.purpose,
        "status": "processed",
        "expires_at": None if row.expires_at is None else int(row.expires_at),
        "status_details": None,
    }


def disposition(filename: str) -> str:
    """A Content-Disposition header for any filename: a plain form for everyone, and the exact one percent-encoded."""
    plain = _NOT_PLAIN.sub("_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


class _Upload:
    """One upload on its way into the store; what is not finished is forgotten by `abandon`."""

    def __init__(self, call: Call, form: Form) -> None:
        self._call = call
        self._namespace = call.namespace
        self._form = form
        self._id: str | None = None
        self._pieces = 0

    async def read(self, request: Request) -> None:
        """Take the whole body, and save each piece before more is read."""
        taken = 0
        try:
            async for data in request.stream():
                taken += len(data)
                if taken > FILE_LIMIT + FORM_MARGIN:
                    raise ApiError("body_too_large", limit=FILE_LIMIT)
                self._form.feed(data)
                for piece in self._form.pieces():
                    await self._save(piece)
        except ClientDisconnect:
            raise ApiError("bad_multipart", reason="the connection was closed before its end") from None
        if last := self._form.end():
            await self._save(last)

    async def finish(self) -> FileRow:
        """Check the fields, which may come after the file, and make the upload a file."""
        row = self._row()
        upload_id = await self._begin()
        made = await self._namespace.store.write(lambda write: files.finish(write, upload_id, row))
        if made is None:
            raise _swept()
        self._id = None
        return made

    async def abandon(self) -> None:
        """Forget what was saved, unless it is finished."""
        upload_id = self._id
        if upload_id is not None:
            name = self._namespace.name
            await self._namespace.store.write(lambda write: files.abandon(write, name, upload_id))

    async def _begin(self) -> str:
        if self._id is None:
            # Where the purpose is still to come, this one is the likeliest; `finish` may give another id.
            purpose = self._form.fields.get("purpose", "assistants")
            upload_id = file_id(self._namespace.ids, self._call.dialect, purpose)
            name, now = self._namespace.name, self._namespace.clock.now()
            await self._namespace.store.write(lambda write: files.begin(write, name, upload_id, now))
            self._id = upload_id
        return self._id

    async def _save(self, piece: bytes) -> None:
        upload_id, name, number = await self._begin(), self._namespace.name, self._pieces
        saved = await self._namespace.store.write(lambda write: files.add_piece(write, name, upload_id, number, piece))
        if not saved:
            raise _swept()
        self._pieces += 1

    def _row(self) -> FileRow:
        form, dialect, ids = self._form, self._call.dialect, self._namespace.ids
        if form.filename is None:
            if FILE_FIELD in form.fields:
                raise ApiError("invalid", FILE_FIELD, reason="the part has no filename.")
            raise ApiError("missing_parameter", FILE_FIELD)
        purpose = form.fields.get("purpose")
        if not purpose:
            raise ApiError("missing_parameter", "purpose")
        if purpose not in dialect.file_purposes:
            supported = quoted_list(dialect.file_purposes)
            raise ApiError("file_purpose", "purpose", value=purpose, supported=supported)
        self._check_unknown()
        now = self._namespace.clock.now()
        life = _life(form.fields)
        expires_at = None if life is None else float(int(now) + life)
        prefix = dialect.file_prefix(purpose)
        known = self._id if self._id and self._id.startswith(prefix) else file_id(ids, dialect, purpose)
        return FileRow(self._namespace.name, known, form.filename, purpose, form.size, now, expires_at)

    def _check_unknown(self) -> None:
        unknown = sorted({*self._form.fields, *self._form.others} - FIELDS)
        if unknown and self._namespace.settings.validation == "strict":
            raise ApiError("unknown_parameter", unknown[0])
        self._call.warn(*(f"unknown_parameter: {name}" for name in unknown))


def file_id(ids: Ids, dialect: Dialect, purpose: str) -> str:
    """A new id for a file of that purpose: `assistant-` or `file-` and 22 letters, or `file-` and 32 hex digits."""
    prefix = dialect.file_prefix(purpose)
    if prefix in dialect.hex_file_prefixes:
        return prefix + ids.digits()
    return ids.token(prefix, 22)


def _check_length(request: Request) -> None:
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > FILE_LIMIT + FORM_MARGIN:
        raise ApiError("body_too_large", limit=FILE_LIMIT)


def _life(fields: dict[str, str]) -> int | None:
    """The seconds that a file lives, or None where it stays."""
    anchor, seconds = fields.get(ANCHOR), fields.get(SECONDS)
    if anchor is None and seconds is None:
        return None
    if anchor is None:
        raise ApiError("missing_parameter", ANCHOR)
    if anchor != "created_at":
        raise ApiError("invalid_value", ANCHOR, value=anchor, supported=quoted_list(("created_at",)))
    if seconds is None:
        raise ApiError("missing_parameter", SECONDS)
    if not _INTEGER.fullmatch(seconds):
        raise ApiError("invalid_type", SECONDS, expected="an integer", got="a string")
    if int(seconds) < SHORTEST_LIFE:
        raise ApiError("integer_below_min_value", SECONDS, limit=SHORTEST_LIFE, got=int(seconds))
    if int(seconds) > LONGEST_LIFE:
        raise ApiError("integer_above_max_value", SECONDS, limit=LONGEST_LIFE, got=int(seconds))
    return int(seconds)


async def _find(request: Request) -> FileRow:
    namespace = call_of(request).namespace
    file_id: str = request.path_params["file_id"]
    now = namespace.clock.now()
    row = await namespace.store.read(lambda read: files.get(read, namespace.name, file_id, now))
    if row is None:
        raise ApiError("file_not_found", "id", id=file_id)
    return row


async def _after(namespace: Namespace, file_id: str | None, now: float) -> FileRow | None:
    if file_id is None:
        return None
    row = await namespace.store.read(lambda read: files.get(read, namespace.name, file_id, now))
    if row is None:
        raise ApiError("invalid", "after", reason=f"no file with id '{file_id}' is in this list.")
    return row


async def _pieces(namespace: Namespace, row: FileRow) -> AsyncIterator[bytes]:
    for number in range(-(-row.bytes // PIECE)):
        piece = await namespace.store.read(
            lambda read, number=number: files.piece(read, namespace.name, row.id, number)  # type: ignore[misc]
        )
        if piece is None:  # deleted meanwhile: a cut connection tells the client, an early end would not
            raise _swept()
        yield piece


def _swept() -> ApiError:
    return ApiError("server_error")
