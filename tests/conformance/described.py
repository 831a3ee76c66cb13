"""The server's own description as a judge: is a status described, and does a body fit its schema?"""

import re
from functools import cache

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from emulator.api.openapi.description import describe

URI = "urn:description"
EVENTS = "text/event-stream"


@cache
def operations():
    """(method, pattern of the path, operation) of every operation; paths without parameters come first."""
    return sorted(
        (
            (method.upper(), re.compile(_pattern(path)), operation)
            for path, methods in describe()["paths"].items()
            for method, operation in methods.items()
            if method != "servers"
        ),
        key=lambda row: row[1].pattern.count("("),
    )


def _pattern(path):
    # Names of models and deployments may have slashes; elsewhere one part is one parameter.
    parts = {"{model}": "(.+)", "{deployment}": "(.+)"}
    return "".join(
        parts.get(part, "([^/]+)") if part[0] == "{" else part for part in re.split(r"(\{\w+\})", path) if part
    )


@cache
def operation_of(method, path):
    """The operation that a request means, or None; the door knows no slash at the end."""
    path = path.rstrip("/") or "/"
    return next((found for asked, pattern, found in operations() if asked == method and pattern.fullmatch(path)), None)


@cache
def registry():
    return Registry().with_resource(URI, Resource(describe(), specification=DRAFT202012))


@cache
def validator(reference):
    """Checks against a schema of the description, by its `#/components/...`."""
    return Draft202012Validator({"$ref": URI + reference}, registry=registry())


def why_not(method, path, status, kind, body):
    """What is wrong with an answer of this content type; `body` is None where it is no JSON."""
    operation = operation_of(method, path)
    if operation is None:
        return f"there is no operation {method} {path}" if status < 400 else None
    answer = operation["responses"].get(str(status))
    if answer is None:
        return f"{operation['operationId']} describes no status {status}: {body}"
    if kind not in answer["content"]:
        return f"{operation['operationId']} describes no {kind} with status {status}"
    if body is None:
        return None
    schema = answer["content"][kind]["schema"]
    choices = [one["$ref"] for one in schema.get("anyOf", [schema])]
    wrong = [first_error(choice, body) for choice in choices]
    return None if None in wrong else f"{operation['operationId']}: {wrong[0]}"


def wrong_event(event):
    """What is wrong with an event of a stream."""
    kind = event.get("type")
    if kind not in describe()["components"]["schemas"]["Event"]["discriminator"]["mapping"]:
        return f"the event {kind} is not described"
    return first_error(f"#/components/schemas/{kind}", event)


def first_error(reference, value):
    """Where and how a value does not fit a schema, or None."""
    error = next(iter(validator(reference).iter_errors(value)), None)
    while error is not None and error.context:
        # Of several choices the one that got farthest tells most.
        error = max(error.context, key=lambda one: (len(one.absolute_path), one.validator not in ("const", "enum")))
    return None if error is None else f"{error.json_path}: {error.message[:300]}"
