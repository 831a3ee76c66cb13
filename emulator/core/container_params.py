"""The bodies of the containers API, checked and with defaults filled in; it stores nothing."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emulator.core.input_params import plain
from emulator.core.records import dataclass
from emulator.core.small_bodies import read_body
from emulator.core.validation import Wire, problem

IDLE_MINUTES = 20  # how long a container may be idle, and the most that can be asked for
MOST_FILE_IDS = 50
LONGEST_NAME = 256
MEMORY_LIMIT = "1g"
# Parameters of later API versions: accepted, without effect.
LATER = frozenset({"network_policy", "skills"})


def _few(file_ids: list[str]) -> list[str]:
    if len(file_ids) > MOST_FILE_IDS:
        raise problem("array_above_max_length", limit=MOST_FILE_IDS, got=len(file_ids))
    return file_ids


def _whole(name: str) -> str:
    if "\0" in name:
        raise problem("invalid", reason="a name has no NUL characters.")
    return name


FileId = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain)]


class ExpiresAfter(Wire):
    """After how many idle minutes a container expires."""

    anchor: Literal["last_active_at"]
    minutes: Annotated[int, Field(ge=1, le=IDLE_MINUTES)]


class ContainerBody(Wire):
    """The body of `POST /containers`."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_whole)]
    file_ids: Annotated[list[FileId], AfterValidator(_few)] | None = None
    expires_after: ExpiresAfter | None = None
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None


class CopyBody(Wire):
    """The JSON body of `POST /containers/{id}/files`."""

    file_id: FileId


@dataclass(frozen=True, slots=True)
class NewContainer:
    """What `POST /containers` asks for; `warnings` name what nobody understood."""

    name: str
    file_ids: tuple[str, ...] = ()
    minutes: int = IDLE_MINUTES
    memory_limit: str = MEMORY_LIMIT
    warnings: tuple[str, ...] = ()


def parse_container(raw: bytes, *, strict: bool = False) -> NewContainer:
    """Read the body of `POST /containers`, or raise the first error in it (docs/reference/errors.md).

    Unknown fields become `warnings`; with `strict` the first is an `unknown_parameter`.
    """
    body, warnings = read_body(raw, ContainerBody, later=LATER, strict=strict)
    return NewContainer(
        name=body.name,
        file_ids=tuple(dict.fromkeys(body.file_ids or ())),
        minutes=body.expires_after.minutes if body.expires_after else IDLE_MINUTES,
        memory_limit=body.memory_limit or MEMORY_LIMIT,
        warnings=warnings,
    )


def parse_copy(raw: bytes, *, strict: bool = False) -> tuple[str, tuple[str, ...]]:
    """The `file_id` of the JSON body of `POST /containers/{id}/files`, and the warnings."""
    body, warnings = read_body(raw, CopyBody, strict=strict)
    return body.file_id, warnings
