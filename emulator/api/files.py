"""The endpoints under `/files`: an upload goes to the store piece by piece, a download comes from it so."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import Call, answer, call_of, first_page
from emulator.api.queries import last_given
from emulator.api.transfer import Upload, check_unknown, download, swept
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError, quoted_list
from emulator.core.ids import Ids
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.requests import parse_list_query
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.store import files
from emulator.store.files import FilePage, FileRow

LONGEST_LIST = 10_000
SHORTEST_LIFE, LONGEST_LIFE = 3_600, 2_592_000
ANCHOR, SECONDS = "expires_after[anchor]", "expires_after[seconds]"
FIELDS = frozenset({"purpose", ANCHOR, SECONDS})
_INTEGER = lazy_pattern(r"-?[0-9]{1,18}")


async def create(request: Request) -> Response:
    """POST /files: a multipart form with `file`, `purpose` and, if it shall expire, `expires_after[...]`."""
    call = call_of(request)

    def likeliest_id() -> str:
        # Where the purpose is still to come; `_row` may give another id.
        return file_id(call.namespace.ids, call.dialect, upload.form.fields.get("purpose", "assistants"))

    upload = Upload(request, call.namespace, likeliest_id)
    try:
        await upload.read()
        row = await _finish(call, upload)
    finally:
        await upload.abandon()
    return answer(shown(row), call.dialect.upload_status)


async def _finish(call: Call, upload: Upload) -> FileRow:
    """Check the fields, which may come after the file, and make the upload a file."""
    row = _row(call, upload)
    upload_id = await upload.begin()
    made = await call.namespace.store.write(lambda write: files.finish(write, upload_id, row))
    if made is None:
        raise swept()
    upload.finished()
    return made


async def list_files(request: Request) -> Response:
    """GET /files: newest first unless asked otherwise, of one purpose if asked."""
    call = call_of(request)
    namespace, now = call.namespace, call.namespace.clock.now()
    query = parse_list_query(request.query_params.multi_items(), max_limit=LONGEST_LIST, default=LONGEST_LIST)
    after = await _after(namespace, query.after, now)
    purpose = last_given(request, "purpose")
    asked = FilePage(query.limit + 1, query.order == "desc", after, purpose)
    rows = await namespace.store.read(lambda read: files.page(read, namespace.name, asked, now))
    return answer(first_page(rows, query.limit, shown))


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
    if row.purpose in call_of(request).dialect.kept_purposes:
        raise ApiError("file_kept", purpose=row.purpose)
    return download(call_of(request).namespace, row.id, row.bytes, row.filename)


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


def _row(call: Call, upload: Upload) -> FileRow:
    form, dialect, namespace = upload.form, call.dialect, call.namespace
    filename = form.needed_file()
    purpose = form.fields.get("purpose")
    if not purpose:
        raise ApiError("missing_parameter", "purpose")
    check_purpose(dialect, purpose)
    check_unknown(call, form, FIELDS)
    now = namespace.clock.now()
    life = _life(form.fields)
    expires_at = None if life is None else float(int(now) + life)
    begun = upload.id and upload.id.startswith(dialect.file_prefix(purpose))
    known = upload.id if upload.id and begun else file_id(namespace.ids, dialect, purpose)
    return FileRow(namespace.name, known, filename, purpose, form.size, now, expires_at)


def check_purpose(dialect: Dialect, purpose: str) -> None:
    """Raises `file_purpose` for one that the dialect does not know."""
    if purpose not in dialect.file_purposes:
        supported = quoted_list(dialect.file_purposes)
        raise ApiError("file_purpose", "purpose", value=purpose, supported=supported)


def file_id(ids: Ids, dialect: Dialect, purpose: str) -> str:
    """A new id for a file of that purpose: `assistant-` or `file-` and 22 letters, or `file-` and 32 hex digits."""
    prefix = dialect.file_prefix(purpose)
    if prefix in dialect.hex_file_prefixes:
        return prefix + ids.digits()
    return ids.token(prefix, 22)


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
    return await uploads.find(call_of(request).namespace, request.path_params["file_id"], "id")


async def _after(namespace: Namespace, file_id: str | None, now: float) -> FileRow | None:
    if file_id is None:
        return None
    row = await namespace.store.read(lambda read: files.get(read, namespace.name, file_id, now))
    if row is None:
        raise ApiError("invalid", "after", reason=f"no file with id '{file_id}' is in this list.")
    return row
