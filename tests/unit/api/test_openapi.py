"""The server's own description: whole, valid, and no other than what the code does."""

import json
from dataclasses import fields

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator.schemas import schema_v31

from docs.coverage_tables import rows
from emulator.api.openapi import PATH, shorthand
from emulator.api.openapi.description import describe, described_routes
from emulator.api.openapi.rows import SAMPLES, fields_of, readings_of
from emulator.api.routes import ROUTES
from emulator.cli.schema import command
from emulator.core.dialects import AZURE, OPENAI
from emulator.core.errors import ERRORS
from emulator.core.item_types import ITEM_TYPES
from emulator.core.queries import ListQuery, RetrieveQuery
from tests.conformance import described

OPERATIONS = {
    operation["operationId"]: operation
    for methods in describe()["paths"].values()
    for method, operation in methods.items()
    if method != "servers"
}
BUILT = ("exact", "partial")


def references(value):
    """Every `$ref` in a value, with what stands where it leads."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for held in value.values():
            yield from references(held)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_it_is_openapi_3_1_and_every_schema_is_one():
    # `make fuzz` has the whole validator judge it, which takes its time.
    assert [error.message for error in Draft202012Validator(dict(schema_v31)).iter_errors(describe())] == []
    for schema in describe()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere():
    for reference in set(references(describe())):
        at = describe()
        for step in reference.removeprefix("#/").split("/"):
            assert step in at, reference
            at = at[step]


def test_every_route_has_an_operation_and_every_operation_a_route():
    routes = {(method, path) for method, path, _ in ROUTES}
    told = set(described_routes())
    missing = [f"{method} {path}" for method, path in sorted(routes - told)]
    assert not missing, f"describe {missing} in emulator/api/openapi/operations/, and their shapes in ../shapes/"
    assert not told - routes, "these operations have no route"


def test_every_path_has_its_parameters():
    for path, methods in describe()["paths"].items():
        wanted = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for method, operation in methods.items():
            if method != "servers":
                named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
                assert named == wanted, (method, path)


@pytest.mark.parametrize(("operation", "query"), [("listInputItems", ListQuery), ("retrieveResponse", RetrieveQuery)])
def test_the_parameters_of_a_query_are_those_that_are_read(operation, query):
    named = {one["name"] for one in OPERATIONS[operation]["parameters"] if one["in"] == "query"}
    assert named == {field.name for field in fields(query)} | {"include[]"}


def test_every_event_and_item_that_can_be_sent_is_described():
    schemas = describe()["components"]["schemas"]
    events = {row["name"] for row in rows("events") if row["status"] in BUILT}
    assert set(schemas["Event"]["discriminator"]["mapping"]) == events
    members = [schemas[one["$ref"].rpartition("/")[2]] for one in schemas["OutputItem"]["anyOf"]]
    kinds = [member["properties"]["type"] for member in members]
    told = {word for kind in kinds for word in kind.get("enum", [kind.get("const")])}
    assert {row["name"] for row in rows("output") if row["status"] in BUILT} <= told <= set(ITEM_TYPES)


def test_every_message_has_a_sample_of_what_is_filled_in():
    filled = {field for name in ERRORS for field in fields_of(name)}
    assert filled - {"param"} <= set(SAMPLES), "add one to SAMPLES in emulator/api/openapi/rows.py"


def test_every_status_is_one_of_its_rows_in_a_dialect_and_has_an_example_of_each():
    examples = describe()["components"]["examples"]
    for name, operation in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            for example, at in answer.get("content", {}).get("application/json", {}).get("examples", {}).items():
                row = example.rpartition(".")[2]
                dialect = AZURE if example.startswith("azure.") else OPENAI
                assert status in {str(read.status) for read in readings_of(row, dialect)}, (name, example)
                assert at == {"$ref": f"#/components/examples/{example}"}
                assert example in examples


def fits(schema, value):
    return None in [described.first_error(one["$ref"], value) for one in schema.get("anyOf", [schema])]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_example_fits_its_schema(name):
    operation = OPERATIONS[name]
    contents = [
        operation["responses"].get("200", {}).get("content", {}),
        operation.get("requestBody", {}).get("content", {}),
    ]
    for content in contents:
        told = content.get("application/json", {})
        if "example" in told:
            assert fits(told["schema"], told["example"])
    for status, answer in operation["responses"].items():
        told = answer.get("content", {}).get("application/json", {})
        for example in told.get("examples", ()):  # of rows
            value = describe()["components"]["examples"][example]["value"]
            assert fits(told["schema"], value), (status, example)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_that_answers_json_has_real_examples(name):
    operation = OPERATIONS[name]
    json_ = operation["responses"].get("200", {}).get("content", {}).get("application/json")
    # It would be an example of itself, and a token is another each time.
    without = name == "openapi" or operation["tags"] == ["Entra"]
    assert json_ is None or without or "example" in json_, (
        "play it in docs/openapi_examples.py, then run: python docs/make.py"
    )


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("string", {"type": "string"}),
        ("integer 1..20", {"type": "integer", "minimum": 1, "maximum": 20}),
        ("number -2..", {"type": "number", "minimum": -2}),
        ("=list", {"const": "list"}),
        ("=true", {"const": True}),
        ("=a | =b | null", {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}),
        ("=a | =b", {"enum": ["a", "b"]}),
        ("[{integer}]", {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "integer"}}}),
        ("Item | any", {"anyOf": [{"$ref": "#/components/schemas/Item"}, {}]}),
    ],
)
def test_an_expression_is_a_schema(text, schema):
    assert shorthand.expression(text) == schema
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("text", ["", "strin", "[string", "string]", "string |", "a b", "{", "%"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        shorthand.expression(text)


def test_a_shape_lets_nothing_else_in_unless_it_says_so():
    made = shorthand.schema({"id": "string", "name?": "string"})
    properties = {"id": {"type": "string"}, "name": {"type": "string"}}
    assert made == {"type": "object", "properties": properties, "required": ["id"], "additionalProperties": False}
    assert "additionalProperties" not in shorthand.schema({"id": "string", "...": "any"})


def test_it_is_served_and_printed(server):
    http = server.http("")
    served = http.get(PATH)
    assert served.headers["content-type"] == "application/json"
    assert served.json() == describe()
    assert http.get("/_emulator/info").json()["openapi"] == PATH
    assert http.get("/ns/team/_emulator/info").json()["openapi"] == "/ns/team" + PATH
    assert json.loads(CliRunner().invoke(command, ["--openapi"]).output) == describe()


def test_a_parameter_that_is_empty_is_left_out_and_described_so(http):
    described = [parameter for operation in OPERATIONS.values() for parameter in operation.get("parameters", ())]
    schemas = {one["name"]: one["schema"] for one in described if one["in"] == "query"}
    for name in ("limit", "order", "after", "before", "stream", "starting_after", "include_obfuscation", "filter"):
        Draft202012Validator(schemas[name]).validate("")
    names = ("limit", "order", "after", "name")
    assert http.get("/containers?" + "&".join(f"{name}=" for name in names)).status_code == 200
    kept = http.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()["id"]
    for name in ("stream", "starting_after", "include_obfuscation"):
        assert http.get(f"/responses/{kept}?{name}=").status_code == 200
