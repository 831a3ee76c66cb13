"""Bytes of a file on their way up into the store and down from it, a piece at a time; what they are is not known."""

from collections.abc import AsyncIterator, Callable, Collection
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from emulator.api.call import FILE_LIMIT, Call
from emulator.api.multipart import FILE_FIELD, Form
from emulator.core.errors import ApiError
from emulator.core.lazy_pattern import lazy_pattern
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.store import files
from emulator.store.files import PIECE

# What a form may weigh besides its file.
FORM_MARGIN = PIECE
_NOT_PLAIN = lazy_pattern(r'[^ !#-\[\]-~]|"')


class Upload:
    """One upload on its way into the store; `abandon` forgets what is not finished.

    `form` is what was read of it; `new_id` gives the `id` under which its pieces are saved, None before the first.
    """

    def __init__(
        self,
        request: Request,
        namespace: Namespace,
        new_id: Callable[[], str],
        *,
        field: str = FILE_FIELD,
        limit: int | None = None,
    ) -> None:
        """`field` names the part of the form that is the file, of at most `limit` bytes, else those of any file."""
        self._limit = limit or FILE_LIMIT
        self.form = Form(request.headers.get("content-type", ""), self._limit, PIECE, field)
        self._request = request
        self._namespace = namespace
        self._new_id = new_id
        self.id: str | None = None
        self._pieces = 0

    async def read(self) -> None:
        """Take the whole body, and save each piece before more is read."""
        told = self._request.headers.get("content-length", "")
        self._check_size(int(told) if told.isdigit() else 0)
        taken = 0
        try:
            async for data in self._request.stream():
                taken += len(data)
                self._check_size(taken)
                self.form.feed(data)
                for piece in self.form.pieces():
                    await self._save(piece)
        except ClientDisconnect:
            raise ApiError("bad_multipart", reason="the connection was closed before its end") from None
        if last := self.form.end():
            await self._save(last)

    async def begin(self) -> str:
        """The id of the upload, which is in the store from now on."""
        if self.id is None:
            upload_id = self._new_id()
            name, now = self._namespace.name, self._namespace.clock.now()
            await self._namespace.store.write(lambda write: files.begin(write, name, upload_id, now))
            self.id = upload_id
        return self.id

    def finished(self) -> None:
        """Its pieces belong to a file now."""
        self.id = None

    async def abandon(self) -> None:
        """Forget what was saved, unless it is finished."""
        upload_id = self.id
        if upload_id is not None:
            name = self._namespace.name
            await self._namespace.store.write(lambda write: files.abandon(write, name, upload_id))

    def _check_size(self, size: int) -> None:
        if size > self._limit + FORM_MARGIN:
            raise ApiError("body_too_large", limit=self._limit)

    async def _save(self, piece: bytes) -> None:
        upload_id, name, number = await self.begin(), self._namespace.name, self._pieces
        saved = await self._namespace.store.write(lambda write: files.add_piece(write, name, upload_id, number, piece))
        if not saved:
            raise swept()
        self._pieces += 1


def check_unknown(call: Call, form: Form, known: Collection[str]) -> None:
    """Name the fields of a form that nobody knows; in strict validation the first is an `unknown_parameter`."""
    unknown = sorted({*form.fields, *form.others} - {*known, form.field})
    if unknown and call.strict:
        raise ApiError("unknown_parameter", unknown[0])
    call.warn(*(f"unknown_parameter: {name}" for name in unknown))


def download(namespace: Namespace, file_id: str, size: int, filename: str) -> Response:
    """The bytes of a file as they were sent, always as a download and never as a page to show."""
    headers = {"content-length": str(size), "content-disposition": disposition(filename)}
    pieces = _pieces(namespace, file_id, size)
    return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")


def disposition(filename: str) -> str:
    """A Content-Disposition header for any filename: a plain form for everyone, and the exact one percent-encoded."""
    plain = _NOT_PLAIN.sub("_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def swept() -> ApiError:
    """What is said where the bytes went away meanwhile."""
    return ApiError("server_error")


async def _pieces(namespace: Namespace, file_id: str, size: int) -> AsyncIterator[bytes]:
    async for piece in uploads.pieces(namespace, file_id, size):
        if piece is None:  # deleted meanwhile: a cut connection tells the client, an early end would not
            raise swept()
        yield piece
