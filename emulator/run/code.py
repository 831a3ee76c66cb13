"""The containers that one run's code uses, and the files that it makes; it knows no event and runs no code itself."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.core.container_params import MEMORY_LIMIT, NewContainer
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.media import decoded, split_data
from emulator.run import containers
from emulator.run.containers import Generated
from emulator.run.namespace import Namespace
from emulator.script.ask import Ask
from emulator.script.plan import Plan
from emulator.store.containers import ContainerRow
from emulator.store.engine import Rows
from emulator.tools.base import Ran

if TYPE_CHECKING:
    from emulator.sandbox.execution import Execution

NAME = "auto"
Object = dict[str, Any]


class RunContainers:
    """The containers of one run: opened at its first call, so that all of its code runs in the same one."""

    def __init__(self, namespace: Namespace, ask: Ask) -> None:
        self._namespace = namespace
        self._ask = ask
        self._open: ContainerRow | None = None
        self._made: dict[str, bytes] = {}  # by this run, whose files are saved with its end

    @property
    def runs_code(self) -> bool:
        """Whether code is really run."""
        return self._namespace.sandbox is not None

    async def check(self, asked: str | Object, param: str, warn: containers.Warn) -> None:
        """Refuse a container that is not there or does not run, and files that are not there; `warn` of file types."""
        if isinstance(asked, str):
            await containers.find_running(self._namespace, asked, param)
            return
        for number, file_id in enumerate(asked.get("file_ids") or ()):
            await containers.find_upload(self._namespace, file_id, f"{param}.file_ids[{number}]", warn)

    async def open(self, asked: str | Object) -> str:
        """The id of the container that this run's code runs in, with the files of the tool and of the input in it."""
        if self._open is None:
            self._open = await self._opened(asked)
            await self._bring_files(self._open, asked)
        return self._open.id

    async def run(self, container_id: str, code: str) -> Ran:
        """Really run code in a container, with its files; a container that has gone meanwhile fails the call."""
        namespace = self._namespace
        if namespace.sandbox is None:
            raise RuntimeError("there is no sandbox")
        try:
            container = await containers.use(namespace, container_id)
        except ApiError as error:
            return Ran(({"type": "logs", "logs": error.message},), {}, "failed")
        files: dict[str, bytes] = {}
        for file in await containers.list_files(namespace, container):
            name = file.path.removeprefix(containers.FOLDER)
            files[name] = await containers.read_file(namespace, file)
            if file.source == "user":  # the code may also use the name that it was uploaded under
                files.setdefault(name.partition("-")[2] or name, files[name])
        files |= self._made
        ran = _ran(await namespace.sandbox.run(containers.session_of(namespace, container_id), code, files))
        self._made |= ran.files
        return ran

    async def _opened(self, asked: str | Object) -> ContainerRow:
        namespace = self._namespace
        if isinstance(asked, str):
            return await containers.use(namespace, asked)
        known = self._ask.before.container
        if known is not None:
            try:
                return await containers.use(namespace, known)
            except ApiError:  # deleted or expired: the run gets another
                pass
        memory_limit = asked.get("memory_limit") or MEMORY_LIMIT
        return await containers.make(namespace, NewContainer(NAME, memory_limit=memory_limit))

    async def _bring_files(self, container: ContainerRow, asked: str | Object) -> None:
        """Copy what the tool and the input name into the container, unless it is there."""
        there = {file.path for file in await containers.list_files(self._namespace, container)}
        wanted = [] if isinstance(asked, str) else list(asked.get("file_ids") or ())
        inline = []
        for part in _file_parts(self._ask):
            if isinstance(part.get("file_id"), str):
                wanted.append(part["file_id"])
            elif isinstance(part.get("file_data"), str):
                _, text = split_data(part["file_data"])
                inline.append((part.get("filename") or "file", await asyncio.to_thread(decoded, text)))
        for file_id in dict.fromkeys(wanted):
            upload = await containers.find_upload(self._namespace, file_id, "file_id")
            if not any(path.endswith(f"-{upload.filename}") for path in there):
                await containers.add_copy(self._namespace, container, file_id)
        for name, data in inline:
            if not any(path.endswith(f"-{name}") for path in there):
                await containers.add_bytes(self._namespace, container, name, data)


def _file_parts(ask: Ask) -> list[Object]:
    contents = [item.get("content") for item in ask.items if item.get("type") == "message"]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return [part for part in parts if part.get("type") == "input_file"]


def _ran(execution: "Execution") -> Ran:
    logs: list[Object] = [{"type": "logs", "logs": execution.logs}] if execution.logs else []
    images = [
        {"type": "image", "url": f"data:image/png;base64,{b64encode(image).decode()}"} for image in execution.images
    ]
    # Code that raises has run; it has failed only where it had to be ended.
    status = "failed" if execution.ended in ("timeout", "died") else "completed"
    files = {name.replace("/", "_"): data for name, data in execution.files.items()}
    return Ran((*logs, *images), files, status)


async def made_files(namespace: Namespace, plan: Plan) -> Rows:
    """The rows of the files that a run's code made, to be saved with its end; none where a container has gone."""
    made: dict[str, dict[str, Generated]] = {}
    for step in plan.steps:
        if isinstance(step, HostedCall) and step.fields.get("files"):
            files = made.setdefault(step.fields["container_id"], {})
            for name, data in step.fields["files"].items():
                files[name] = Generated(step.fields["file_ids"][name], name, b64decode(data))
    return await _rows(namespace, made) if made else {}


async def _rows(namespace: Namespace, made: Mapping[str, Mapping[str, Generated]]) -> Rows:
    rows: dict[Any, list[Any]] = {}
    for container_id, files in made.items():
        try:
            container = await containers.find_running(namespace, container_id)
            there = await containers.list_files(namespace, container)
            new = containers.generated_rows(container, files.values(), namespace.clock.now(), there)
        except ApiError:  # deleted or expired while the run went on, or full: its files went with it
            continue
        for table, found in new.items():
            rows.setdefault(table, []).extend(found)
    return rows
