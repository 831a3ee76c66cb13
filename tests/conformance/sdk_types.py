"""The official SDK's types as a judge: required fields, literals, and no field that they do not know."""

from functools import cache

from openai.types import (
    ContainerCreateResponse,
    FileDeleted,
    FileObject,
    Model,
    Upload,
    VectorStore,
    VectorStoreDeleted,
    VectorStoreSearchResponse,
)
from openai.types.containers import FileCreateResponse
from openai.types.conversations import (
    Conversation,
    ConversationDeletedResource,
    ConversationItem,
    ConversationItemList,
)
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from openai.types.responses.input_token_count_response import InputTokenCountResponse
from openai.types.shared import ErrorObject
from openai.types.uploads import UploadPart
from openai.types.vector_stores import (
    FileContentResponse,
    VectorStoreFile,
    VectorStoreFileBatch,
    VectorStoreFileDeleted,
)
from pydantic import BaseModel, TypeAdapter, ValidationError

# Operation -> the type of its answer; `[T]` is a page of these.
TYPES = {
    "createResponse": Response,
    "retrieveResponse": Response,
    "cancelResponse": Response,
    "listInputItems": ResponseItemList,
    "countInputTokens": InputTokenCountResponse,
    "createFile": FileObject,
    "retrieveFile": FileObject,
    "listFiles": [FileObject],
    "deleteFile": FileDeleted,
    "createContainer": ContainerCreateResponse,
    "retrieveContainer": ContainerCreateResponse,
    "listContainers": [ContainerCreateResponse],
    "createContainerFile": FileCreateResponse,
    "retrieveContainerFile": FileCreateResponse,
    "listContainerFiles": [FileCreateResponse],
    "createVectorStore": VectorStore,
    "retrieveVectorStore": VectorStore,
    "changeVectorStore": VectorStore,
    "listVectorStores": [VectorStore],
    "deleteVectorStore": VectorStoreDeleted,
    "searchVectorStore": [VectorStoreSearchResponse],
    "createVectorStoreFile": VectorStoreFile,
    "retrieveVectorStoreFile": VectorStoreFile,
    "changeVectorStoreFile": VectorStoreFile,
    "listVectorStoreFiles": [VectorStoreFile],
    "deleteVectorStoreFile": VectorStoreFileDeleted,
    "readVectorStoreFile": [FileContentResponse],
    "createFileBatch": VectorStoreFileBatch,
    "retrieveFileBatch": VectorStoreFileBatch,
    "cancelFileBatch": VectorStoreFileBatch,
    "listFileBatch": [VectorStoreFile],
    "createConversation": Conversation,
    "retrieveConversation": Conversation,
    "changeConversation": Conversation,
    "deleteConversation": ConversationDeletedResource,
    "addConversationItems": ConversationItemList,
    "listConversationItems": ConversationItemList,
    "retrieveConversationItem": ConversationItem,
    "deleteConversationItem": Conversation,
    "createUpload": Upload,
    "cancelUpload": Upload,
    "completeUpload": Upload,
    "addUploadPart": UploadPart,
    "listModels": [Model],
    "retrieveModel": Model,
}
# What the service sends and the types do not have (docs/coverage.md says where each is known from).
BEYOND = {
    "Response.content_filters",
    "Response.frequency_penalty",
    "Response.presence_penalty",
    "Response.store",
    "ImageGeneration.n",
    "LocalShellCallOutput.call_id",
    "ResponseCustomToolCall.status",
    "ResponseFunctionCallArgumentsDoneEvent.name",
    "Model.created_at",
    "Model.status",
    "Model.lifecycle_status",
    "Model.capabilities",
}
# Tools that the types know, and leave out where a choice names them: docs/coverage/drift.yaml.
CHOSEN = {"local_shell", "tool_search", "web_search", "web_search_2025_08_26"}


@cache
def _adapter(type_):
    return TypeAdapter(type_)


def why_not(operation, status, body):
    """What is wrong with the JSON of an answer."""
    if status >= 400:
        error = body.get("error")
        return wrong(ErrorObject, error) if isinstance(error, dict) and "param" in error else None
    type_ = TYPES.get(operation)
    if type_ is None or body.get("data") == []:  # an empty page has no first and no last id, which the types want
        return None
    if isinstance(type_, list):
        return next(filter(None, (wrong(type_[0], one) for one in body["data"])), None)
    return wrong(type_, _as_typed(body))


def wrong_event(event):
    """What is wrong with an event; of `error` the types have the flat form only, the service sends the nested one."""
    if event.get("type") == "error" and "error" in event:
        return wrong(ErrorObject, event["error"])
    if isinstance(event.get("response"), dict):
        event = {**event, "response": _as_typed(event["response"])}
    return wrong(ResponseStreamEvent, event)


def _as_typed(response):
    """A Response without a choice that the types cannot tell."""
    chosen = response.get("tool_choice")
    unknown = isinstance(chosen, dict) and chosen.get("type") in CHOSEN
    return {**response, "tool_choice": "auto"} if unknown else response


def wrong(type_, value):
    """Where and how a value is none of the type, or None."""
    try:
        found = _adapter(type_).validate_python(value, strict=True)
    except ValidationError as error:
        first = max(error.errors(include_url=False), key=lambda one: len(one["loc"]))
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r:.100}"
    extra = sorted(name for name in set(_beyond(found)) - BEYOND if not name.endswith("DeltaEvent.obfuscation"))
    return f"no such fields: {', '.join(extra)}" if extra else None


def _beyond(value):
    """The fields that a type did not know, as `Type.field`."""
    if isinstance(value, BaseModel):
        for name in value.__pydantic_extra__ or ():
            yield f"{type(value).__name__}.{name}"
        for held in vars(value).values():
            yield from _beyond(held)
    elif isinstance(value, list):
        for one in value:
            yield from _beyond(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _beyond(one)
