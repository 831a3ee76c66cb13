"""The pydantic models of request bodies as JSON Schemas; which operation takes which is said elsewhere.

The models tell their unions by a function of the value (`core/validation.py`), so their own schemas lack the `type`
that tells a member from the others: it is put back here, found with the same functions.
"""

from collections.abc import Mapping
from functools import cache

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from emulator.api.openapi.shorthand import REF, Schema
from emulator.core import container_params, conversation_params, request_body, upload_params, vector_store_params
from emulator.core.lazy_pattern import lazy_pattern

# The models by the names that operations.yaml has.
BODIES: Mapping[str, type[BaseModel]] = {
    "CreateBody": request_body.CreateBody,
    "TokensBody": request_body.TokensBody,
    "CompactBody": request_body.CompactBody,
    "ContainerBody": container_params.ContainerBody,
    "CopyBody": container_params.CopyBody,
    "UploadBody": upload_params.UploadBody,
    "CompleteBody": upload_params.CompleteBody,
    "StoreBody": vector_store_params.StoreBody,
    "ConversationBody": conversation_params.ConversationBody,
    "ConversationChangeBody": conversation_params.ChangeBody,
    "ConversationItemsBody": conversation_params.ItemsBody,
    "StoreChangeBody": vector_store_params.ChangeBody,
    "FileBody": vector_store_params.FileBody,
    "AttributesBody": vector_store_params.AttributesBody,
    "BatchBody": vector_store_params.BatchBody,
    "SearchBody": vector_store_params.SearchBody,
}
# Before the name of every model, because an item that is sent is no item that is answered.
SENT = "sent."
_QUOTED = lazy_pattern(r"'([^']*)'")
# How pydantic names a model of which there are two: `emulator__core__container_params__ExpiresAfter`.
_MODULE = lazy_pattern(r"emulator__core__(\w+?)__")
# What an item may leave out: a message says what it is by its role, a reference by having an id alone.
_ROLE: Schema = {"role": {"const": "assistant"}, "type": {"const": "message"}}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, for unions whose members a function tells apart."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        """One of the members, each with the types that lead to it."""
        members = []
        types = _types(schema)
        for tag, choice in schema["choices"].items():
            member = self.generate_inner(choice)
            members.append(_named(member, str(tag), types))
        return {"anyOf": members}


def _types(schema: core_schema.TaggedUnionSchema) -> dict[str, list[str]]:
    """Tag -> the values of `type` that lead to it; empty where JSON types tell the members apart."""
    context = schema.get("custom_error_context") or {}
    found: dict[str, list[str]] = {}
    tell = schema["discriminator"]
    if callable(tell):
        for kind in _QUOTED.findall(str(context.get("supported", ""))):
            found.setdefault(str(tell({"type": kind})), []).append(kind)
    return found


def _named(member: Schema, tag: str, types: Mapping[str, list[str]]) -> Schema:
    if not types:
        return member
    if tag == "@assistant":
        return _with(member, _ROLE, "role")
    kinds = types.get(tag, [])
    told = {"type": {"const": kinds[0]} if len(kinds) == 1 else {"enum": kinds}}
    return _with(member, told, *([] if tag in ("@message", "@item_reference") else ["type"]))


def _with(member: Schema, properties: Schema, *required: str) -> Schema:
    told: Schema = {"type": "object", "properties": properties}
    if required:
        told["required"] = list(required)
    return {"allOf": [member, told]} if member else told


def schemas() -> dict[str, Schema]:
    """Every body and every model in one, by name."""
    return _made()[1]


def reference(name: str) -> str:
    """Where the schema of a body stands."""
    return _made()[0][name]


@cache
def _made() -> tuple[dict[str, str], dict[str, Schema]]:
    inputs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in BODIES.values()]
    found, made = models_json_schema(inputs, ref_template=f"{REF}{SENT}{{model}}", schema_generator=_Generator)
    references = {name: _short(found[model, "validation"]["$ref"]) for name, model in BODIES.items()}
    told: dict[str, Schema] = orjson.loads(_short(orjson.dumps(made["$defs"]).decode()))
    return references, {SENT + name: schema for name, schema in told.items()}


def _short(text: str) -> str:
    return _MODULE.sub(r"\1.", text)
