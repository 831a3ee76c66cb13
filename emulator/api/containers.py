"""The endpoints under `/containers`: bytes in, bytes out; what a container is and how long is decided in `run/`."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import Call, answer, call_of, first_page, read_json
from emulator.api.multipart import FILE_FIELD
from emulator.api.queries import last_given
from emulator.api.transfer import Upload, check_unknown, download
from emulator.core.container_params import parse_container, parse_copy
from emulator.core.errors import ApiError
from emulator.core.requests import parse_list_query
from emulator.run import containers
from emulator.run.namespace import Namespace
from emulator.store import containers as rows
from emulator.store.containers import ContainerFilePage, ContainerFileRow, ContainerPage, ContainerRow

FIELDS = frozenset({"file_id"})


async def create(request: Request) -> Response:
    """POST /containers: an empty one, or one with copies of uploaded files."""
    call = call_of(request)
    asked = parse_container(await read_json(request), strict=call.strict)
    call.warn(*asked.warnings)
    made = await containers.make(call.namespace, asked, warn=call.warn)
    return answer(shown(made, call.namespace.clock.now()))


async def list_containers(request: Request) -> Response:
    """GET /containers: newest first unless asked otherwise, expired ones too, of one name if asked."""
    namespace = call_of(request).namespace
    query = parse_list_query(request.query_params.multi_items())
    after = None if query.after is None else await _after(namespace, query.after)
    asked = ContainerPage(query.limit + 1, query.order == "desc", after, _name(request))
    found = await namespace.store.read(partial(rows.page, namespace=namespace.name, asked=asked))
    now = namespace.clock.now()
    return answer(first_page(found, query.limit, partial(shown, now=now)))


async def retrieve(request: Request) -> Response:
    """GET /containers/{id}: also one that is expired; asking does not keep it alive."""
    namespace = call_of(request).namespace
    row = await containers.find(namespace, request.path_params["container_id"])
    return answer(shown(row, namespace.clock.now()))


async def delete(request: Request) -> Response:
    """DELETE /containers/{id}: its files go with it."""
    container_id: str = request.path_params["container_id"]
    await containers.remove(call_of(request).namespace, container_id)
    return answer({"id": container_id, "object": "container.deleted", "deleted": True})


async def add_file(request: Request) -> Response:
    """POST /containers/{id}/files: a form with `file`, or as a form or JSON the `file_id` of an uploaded one."""
    call = call_of(request)
    container = await containers.use(call.namespace, request.path_params["container_id"])
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        return answer(shown_file(await _add_form(call, request, container)))
    file_id, warnings = parse_copy(await read_json(request), strict=call.strict)
    call.warn(*warnings)
    return answer(shown_file(await containers.add_copy(call.namespace, container, file_id, call.warn)))


async def list_files(request: Request) -> Response:
    """GET /containers/{id}/files: newest first unless asked otherwise."""
    namespace = call_of(request).namespace
    container = await containers.use(namespace, request.path_params["container_id"])
    query = parse_list_query(request.query_params.multi_items())
    after = None if query.after is None else await _after_file(namespace, container, query.after)
    asked = ContainerFilePage(query.limit + 1, query.order == "desc", after)
    work = partial(rows.page_of_files, namespace=namespace.name, container_id=container.id, asked=asked)
    found = await namespace.store.read(work)
    return answer(first_page(found, query.limit, shown_file))


async def retrieve_file(request: Request) -> Response:
    """GET /containers/{id}/files/{file_id}."""
    return answer(shown_file(await _find_file(request)))


async def delete_file(request: Request) -> Response:
    """DELETE /containers/{id}/files/{file_id}."""
    file = await _find_file(request)
    await containers.remove_file(call_of(request).namespace, file)
    return answer({"id": file.id, "object": "container.file.deleted", "deleted": True})


async def file_content(request: Request) -> Response:
    """GET /containers/{id}/files/{file_id}/content: the bytes, always as a download and never as a page to show."""
    file = await _find_file(request)
    return download(call_of(request).namespace, file.id, file.bytes, file.path.rpartition("/")[2])


def shown(row: ContainerRow, now: float) -> dict[str, Any]:
    """The Container object at `now`: these eight keys, in this order."""
    return {
        "id": row.id,
        "object": "container",
        "created_at": int(row.created_at),
        "status": "running" if containers.runs(row, now) else "expired",
        "expires_after": {"anchor": "last_active_at", "minutes": row.minutes},
        "last_active_at": int(row.last_active_at),
        "name": row.name,
        "memory_limit": row.memory_limit,
    }


def shown_file(row: ContainerFileRow) -> dict[str, Any]:
    """The container file object: these seven keys, in this order."""
    return {
        "id": row.id,
        "object": "container.file",
        "created_at": int(row.created_at),
        "bytes": row.bytes,
        "container_id": row.container_id,
        "path": row.path,
        "source": row.source,
    }


async def _add_form(call: Call, request: Request, container: ContainerRow) -> ContainerFileRow:
    namespace = call.namespace
    upload = Upload(request, namespace, lambda: namespace.ids.container_file(namespace.clock.now()))
    try:
        await upload.read()
        form = upload.form
        check_unknown(call, form, FIELDS)
        file_id = form.fields.get("file_id")
        if file_id and form.filename is not None:
            raise ApiError("mutually_exclusive", FILE_FIELD, names="'file' or 'file_id'")
        if file_id:
            return await containers.add_copy(namespace, container, file_id, call.warn)
        filename = form.needed_file()
        upload_id = await upload.begin()
        added = await containers.add_upload(namespace, container, upload_id, filename, form.size, call.warn)
        upload.finished()
        return added
    finally:
        await upload.abandon()


async def _find_file(request: Request) -> ContainerFileRow:
    namespace = call_of(request).namespace
    container = await containers.use(namespace, request.path_params["container_id"])
    return await containers.find_file(namespace, container, request.path_params["file_id"])


async def _after(namespace: Namespace, container_id: str) -> ContainerRow:
    work = partial(rows.get, namespace=namespace.name, container_id=container_id)
    row = await namespace.store.read(work)
    if row is None:
        raise ApiError("invalid", "after", reason=f"no container with id '{container_id}' is in this list.")
    return row


async def _after_file(namespace: Namespace, container: ContainerRow, file_id: str) -> ContainerFileRow:
    work = partial(rows.get_file, namespace=namespace.name, container_id=container.id, file_id=file_id)
    row = await namespace.store.read(work)
    if row is None:
        raise ApiError("invalid", "after", reason=f"no file with id '{file_id}' is in this list.")
    return row


def _name(request: Request) -> str | None:
    name = last_given(request, "name")
    if name is not None and "\0" in name:
        raise ApiError("invalid", "name", reason="a name has no NUL characters.")
    return name
