"""The endpoints under `/uploads`: large files in parts, bytes in; what becomes of them is decided in `run/`."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api import files
from emulator.api.call import FILE_LIMIT, Call, answer, call_of, read_json
from emulator.api.multipart import clean_filename
from emulator.api.transfer import Upload, check_unknown
from emulator.core import file_types
from emulator.core.errors import ApiError, quoted_list
from emulator.core.upload_params import PART_LIMIT, parse_complete, parse_upload
from emulator.run import assembly
from emulator.store.uploads import CANCELLED, COMPLETED, PartRow, UploadRow

DATA_FIELD = "data"


async def create(request: Request) -> Response:
    """POST /uploads: open an upload of so many bytes."""
    call = call_of(request)
    asked, warnings = parse_upload(await read_json(request), strict=call.strict)
    call.warn(*warnings)
    files.check_purpose(call.dialect, asked.purpose)
    _check_type(call, asked.purpose, asked.mime_type)
    if asked.bytes > FILE_LIMIT:
        raise ApiError("not_implemented", "bytes", what=f"uploads of more than {FILE_LIMIT} bytes")
    upload = await assembly.begin(call.namespace, asked, clean_filename(asked.filename))
    return answer(shown(upload, upload.status))


async def add_part(request: Request) -> Response:
    """POST /uploads/{id}/parts: a form with `data`."""
    call = call_of(request)
    namespace = call.namespace
    upload = await assembly.find_pending(namespace, request.path_params["upload_id"])
    sent = Upload(request, namespace, lambda: f"part_{namespace.ids.digits()}", field=DATA_FIELD, limit=PART_LIMIT)
    try:
        await sent.read()
        sent.form.needed_file()
        check_unknown(call, sent.form, ())
        part = await assembly.add_part(namespace, upload, await sent.begin(), sent.form.size)
        sent.finished()
    finally:
        await sent.abandon()
    return answer(shown_part(part))


async def complete(request: Request) -> Response:
    """POST /uploads/{id}/complete: a file of the parts that are named."""
    call = call_of(request)
    asked, warnings = parse_complete(await read_json(request), strict=call.strict)
    call.warn(*warnings)
    upload = await assembly.find_pending(call.namespace, request.path_params["upload_id"])
    file_id = files.file_id(call.namespace.ids, call.dialect, upload.purpose)
    made = await assembly.complete(call.namespace, upload, asked, file_id)
    return answer({**shown(upload, COMPLETED), "file": files.shown(made)})


async def cancel(request: Request) -> Response:
    """POST /uploads/{id}/cancel: its parts go at once."""
    upload = await assembly.cancel(call_of(request).namespace, request.path_params["upload_id"])
    return answer(shown(upload, CANCELLED))


def shown(row: UploadRow, status: str) -> dict[str, Any]:
    """The Upload object: these eight keys, in this order; a completed one has its `file` too."""
    return {
        "id": row.id,
        "object": "upload",
        "bytes": row.bytes,
        "created_at": int(row.created_at),
        "filename": row.filename,
        "purpose": row.purpose,
        "status": status,
        "expires_at": int(row.expires_at),
    }


def shown_part(row: PartRow) -> dict[str, Any]:
    """The upload part object: these four keys, in this order."""
    return {
        "id": row.id,
        "object": "upload.part",
        "created_at": int(row.created_at),
        "upload_id": row.upload_id,
    }


def _check_type(call: Call, purpose: str, mime_type: str) -> None:
    """A type that the purpose does not take is told of, and in strict validation refused."""
    known = call.dialect.image_types if purpose == "vision" else file_types.MIME_TYPES
    kind = mime_type.partition(";")[0].strip().lower()
    if purpose not in ("vision", "assistants") or kind in known:
        return
    if call.strict:
        raise ApiError("file_type", "mime_type", extension=kind, supported=quoted_list(known))
    call.warn(f"unknown_file_type: {kind}")
