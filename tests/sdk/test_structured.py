"""`responses.parse()` and its stream work unscripted with every kind of model that the client makes a schema of."""

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID  # noqa: TID251 (a type, nothing random)

import openai
import pydantic
import pytest


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(pydantic.BaseModel):
    street: str
    number: int
    country: Literal["NO", "SE"] | None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    name: str


class Person(pydantic.BaseModel):
    """A person with all that a model may hold."""

    name: str = pydantic.Field(description="The full name")
    born: dt.date
    seen: dt.datetime | None
    wakes: dt.time
    favourite: Colour
    homes: list[Address]
    pet: Cat | Dog
    pets: list[Cat | Dog]
    height: float
    id: UUID
    note: str | int | None
    friend: "Person | None"


class Folder(pydantic.BaseModel):
    name: str
    inner: "list[Folder]"


class Bounded(pydantic.BaseModel):
    score: Annotated[int, pydantic.Field(ge=3, le=5)]
    code: Annotated[str, pydantic.Field(pattern=r"^[A-Z]{2}[0-9]{3}$")]
    few: Annotated[list[str], pydantic.Field(min_length=2, max_length=3)]
    price: Decimal


class Step(pydantic.BaseModel):
    explanation: str
    output: str


class Steps(pydantic.BaseModel):
    steps: list[Step]
    final_answer: str


MODELS = pytest.mark.parametrize("model", [Person, Folder, Bounded, Steps])


@MODELS
def test_an_answer_is_parsed(client, model):
    answer = client.responses.parse(model="gpt-4o", input="Tell me of Ada, born 1815-12-10", text_format=model)
    assert isinstance(answer.output_parsed, model)


@MODELS
def test_a_stream_is_parsed(client, model):
    with client.responses.stream(model="o4-mini", input="Tell me of Ada", text_format=model) as stream:
        done = [event for event in stream if event.type == "response.output_text.done"]
        final = stream.get_final_response()
    assert isinstance(final.output_parsed, model)
    assert done[0].parsed == final.output_parsed


@MODELS
def test_the_arguments_of_a_tool_are_parsed(client, model):
    tool = openai.pydantic_function_tool(model, name="tell")
    flat = {"type": "function", **tool["function"]}
    answer = client.responses.parse(model="gpt-4o", input="Tell me of Ada", tools=[flat], tool_choice="required")
    assert model.model_validate(answer.output[0].parsed_arguments)


def test_words_of_the_prompt_are_taken(client):
    answer = client.responses.parse(model="gpt-4o", input="Ada was born 1815-12-10, likes blue", text_format=Person)
    assert answer.output_parsed.born == dt.date(1815, 12, 10)
    assert answer.output_parsed.favourite is Colour.BLUE


def test_a_model_that_the_service_does_not_take_is_refused(client):
    class Open(pydantic.BaseModel):
        numbers: dict[str, int]

    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.parse(model="gpt-4o", input="x", text_format=Open)
    assert refused.value.code == "invalid_json_schema"
