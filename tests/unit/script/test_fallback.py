"""The built-in model answers every request, always the same, by the documented rules."""

import json
from dataclasses import replace
from types import SimpleNamespace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.deployments import find
from emulator.core.document import Document
from emulator.core.errors import ApiError
from emulator.script.ask import Ask
from emulator.script.choose_tool import choose_tool, is_shell
from emulator.script.fallback import answer
from emulator.script.plan import CustomToolCall, FunctionCall, Message, Reasoning
from emulator.script.prose import long_text, wanted_words

TEXT = {"format": {"type": "text"}, "verbosity": "medium"}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get current temperature for a given location.",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
    "strict": True,
}
MAIL = {
    "type": "function",
    "name": "sendEmail",
    "description": "Send an email to a person.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string", "format": "email"}}},
    "strict": True,
}
SHELL = {"type": "function", "name": "run_bash", "parameters": None, "strict": True}
RUNNER = {
    "type": "function",
    "name": "run",
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
}
CUSTOM = {"type": "custom", "name": "code_exec", "description": "Python code", "format": {"type": "text"}}
PLAIN = {"type": "custom", "name": "notes", "description": "Keeps notes", "format": {"type": "text"}}
EVENT = {
    "type": "json_schema",
    "name": "event",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "date": {"type": "string"}, "seats": {"type": "integer"}},
        "required": ["name", "date", "seats"],
        "additionalProperties": False,
    },
}


def user(*parts):
    content = [{"type": "input_text", "text": part} if isinstance(part, str) else part for part in parts]
    return {"id": "msg_1", "type": "message", "role": "user", "content": content}


def output(text, call_id="call_1"):
    return {"id": "fco_1", "type": "function_call_output", "call_id": call_id, "output": text}


def ask(*items, deployment="gpt-4o", calls=None, **fields):
    given = {"tools": [], "tool_choice": "auto", "text": TEXT, "reasoning": None, **fields}
    items = [user(item) if isinstance(item, str) else item for item in items]
    return Ask(SimpleNamespace(**given), find(deployment), tuple(items), calls or {})


def said(*args, **fields):
    (step,) = answer(ask(*args, **fields))
    return step.text


def called(*args, **fields):
    (step,) = answer(ask(*args, **fields))
    return step.name if isinstance(step, FunctionCall | CustomToolCall) else None


def test_a_prompt_is_echoed_in_a_sentence():
    assert said("This is a test.") == 'You said: "This is a test."'


def test_a_long_prompt_is_echoed_in_part():
    text = said("otter " * 200)
    assert "otter otter" in text
    assert len(text) < 260


def test_the_same_request_has_the_same_answer():
    assert answer(ask("hi", tools=[WEATHER])) == answer(ask("hi", tools=[WEATHER]))


@given(st.text())
def test_every_prompt_has_an_answer(prompt):
    (step,) = answer(ask(prompt))
    assert step.text


def test_a_request_without_items_has_an_answer():
    assert said()


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a very long novel about otters in space.",
        "Write a long story.",
        "Tell me a long bedtime story",
        "Write an essay on rivers",
        "Give a detailed answer",
        "Explain TCP in depth",
        "寫一個很長的故事",
        "請寫一篇長篇小說",
    ],
)
def test_who_asks_for_something_long_gets_300_words_or_more(prompt):
    text = said(prompt)
    assert len(text.split()) >= 300
    assert prompt[:10] in text
    paragraphs = text.split("\n\n")
    assert len(paragraphs) == len(set(paragraphs)) > 3


def test_a_number_of_words_is_kept_to():
    assert 700 <= len(said("Write 700 words about tea").split()) <= 740
    assert 2000 <= len(said("Write 50,000 words about tea").split()) <= 2040
    assert len(said("Write 20 words in a detailed way").split()) < 30


def test_short_questions_stay_short():
    assert wanted_words("How long does it take?") == 0
    assert wanted_words("a long way to go") == 0


@given(st.text(max_size=50), st.integers(min_value=1, max_value=600))
def test_a_long_text_has_the_words_asked_for(prompt, number):
    assert len(long_text(prompt, number).split()) >= number - 1


def test_reasoning_deployments_think_first():
    thought, step = answer(ask("hi", deployment="o3"))
    assert thought == Reasoning((), 128)
    assert isinstance(step, Message)


@pytest.mark.parametrize(("effort", "tokens"), [("minimal", 0), ("low", 64), ("high", 256), ("xhigh", 512)])
def test_more_effort_thinks_longer(effort, tokens):
    thought, _ = answer(ask("hi", deployment="gpt-5", reasoning={"effort": effort}))
    assert thought.tokens == tokens


def test_without_effort_nothing_is_thought():
    assert len(answer(ask("hi", deployment="gpt-5.1"))) == 1
    assert len(answer(ask("hi", deployment="gpt-5.1", reasoning={"effort": "none"}))) == 1
    assert len(answer(ask("hi", deployment="gpt-5.1", reasoning={"effort": "low"}))) == 2


@pytest.mark.parametrize(("style", "parts"), [("auto", 1), ("concise", 1), ("detailed", 2), (None, 0)])
def test_a_summary_is_written_when_asked_for(style, parts):
    thought, _ = answer(ask("hi", deployment="o4-mini", reasoning={"summary": style}))
    assert len(thought.summary) == parts


def test_a_schema_gets_valid_json_with_words_of_the_prompt():
    text = said("Alice and Bob go to a fair on Friday with 3 seats", text={"format": EVENT})
    jsonschema.validate(json.loads(text), EVENT["schema"])
    assert json.loads(text) == {"name": "Bob", "date": "Friday", "seats": 3}


def test_json_object_gets_an_object():
    assert "hello" in json.loads(said("hello", text={"format": {"type": "json_object"}}))["answer"]


def test_a_schema_that_cannot_be_filled_is_not_implemented():
    schema = {"type": "object", "dependentSchemas": {}}
    with pytest.raises(ApiError, match="dependentSchemas") as caught:
        answer(ask("hi", text={"format": {**EVENT, "schema": schema, "strict": False}}))
    assert (caught.value.row.status, caught.value.param) == (501, "text.format.schema")


def test_the_weather_tool_is_called_with_the_place_of_the_prompt():
    (step,) = answer(ask("What's the weather in San Francisco?", tools=[MAIL, WEATHER]))
    assert step == FunctionCall("get_weather", '{"location":"San Francisco"}')


def test_the_forced_function_comes_before_all():
    forced = {"type": "function", "name": "sendEmail"}
    assert called("weather in Rome", tools=[WEATHER, MAIL], tool_choice=forced) == "sendEmail"
    assert called("hi", tools=[WEATHER, SHELL], tool_choice={"type": "function", "name": "run_bash"}) == "run_bash"


def test_a_named_function_comes_before_shared_words():
    assert called("temperature location: use sendemail", tools=[WEATHER, MAIL]) == "sendEmail"
    assert called("get_weathers temperature", tools=[MAIL, WEATHER]) == "get_weather"


def test_shared_words_decide_and_the_first_of_equals_wins():
    twin = {**WEATHER, "name": "weather_too"}
    assert called("an email please", tools=[WEATHER, MAIL]) == "sendEmail"
    assert called("the temperatures", tools=[MAIL, twin, WEATHER]) == "weather_too"
    assert called("請問台北的天氣", tools=[MAIL, {**WEATHER, "description": "取得天氣"}]) == "get_weather"


def test_the_only_tool_is_called_and_none_of_several():
    assert called("hi", tools=[WEATHER]) == "get_weather"
    assert called("hi", tools=[PLAIN]) == "notes"
    assert called("hi", tools=[WEATHER, MAIL]) is None
    assert called("hi", tools=[WEATHER, SHELL]) is None


def test_stop_words_are_no_shared_words():
    assert called("could you get it for me?", tools=[WEATHER, MAIL]) is None


@pytest.mark.parametrize("tool", [SHELL, RUNNER, CUSTOM, {**SHELL, "name": "PowerShell"}])
def test_shell_tools_are_never_called_unless_forced(tool):
    assert is_shell(tool)
    assert called(f"{tool['name']} python code", tools=[tool]) is None
    assert called("hi", tools=[tool], tool_choice="required") == tool["name"]
    assert called("hi", tools=[tool, MAIL], tool_choice="required") == "sendEmail"


def test_none_calls_nothing_and_required_always_calls():
    assert called("the weather", tools=[WEATHER], tool_choice="none") is None
    assert called("hi", tools=[WEATHER, MAIL], tool_choice="required") == "get_weather"


def test_allowed_tools_restrict_the_choice():
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "sendEmail"}]}
    assert called("the weather", tools=[WEATHER, MAIL], tool_choice=choice) == "sendEmail"
    assert choose_tool([WEATHER], choice, "the weather") is None
    assert choose_tool([SHELL, WEATHER], {**choice, "mode": "required", "tools": [SHELL]}, "hi") == SHELL


def test_a_hosted_tool_that_is_forced_calls_no_function():
    assert choose_tool([WEATHER], {"type": "code_interpreter"}, "weather") is None


def test_a_custom_tool_gets_the_prompt():
    (step,) = answer(ask("keep some notes", tools=[PLAIN, MAIL]))
    assert step == CustomToolCall("notes", "keep some notes")


def test_a_custom_tool_with_a_grammar_gets_what_the_grammar_allows():
    regex = {"type": "grammar", "syntax": "regex", "definition": "[a-c]{2}-[0-9]+"}
    (step,) = answer(ask("hi", tools=[{**PLAIN, "format": regex}]))
    assert step.input == "aa-0"
    with pytest.raises(ApiError, match="lark"):
        answer(ask("hi", tools=[{**PLAIN, "format": {**regex, "syntax": "lark"}}]))
    with pytest.raises(ApiError, match="grammar"):
        answer(ask("hi", tools=[{**PLAIN, "format": {**regex, "definition": "("}}]))


def test_a_function_without_parameters_gets_an_empty_object():
    bare = {"type": "function", "name": "ping", "parameters": None}
    assert answer(ask("ping", tools=[bare])) == (FunctionCall("ping", "{}"),)


def test_parameters_that_cannot_be_filled_are_not_implemented():
    tool = {**WEATHER, "parameters": {"type": "object", "properties": {}, "dependentSchemas": {}}}
    with pytest.raises(ApiError, match="get_weather") as caught:
        answer(ask("hi", tools=[MAIL, tool], tool_choice={"type": "function", "name": "get_weather"}))
    assert caught.value.param == "tools[1].parameters"


def test_a_tool_output_is_told_in_words():
    calls = {"call_1": ("function_call", "get_weather")}
    tools = [WEATHER]
    told = said(output('{"temperature": "70 degrees"}'), calls=calls, tools=tools)
    assert told == "get_weather says: temperature: 70 degrees."
    assert said(output("70 degrees"), calls=calls) == "get_weather says: 70 degrees."
    nested = '{"wind": {"speed": 5, "gusts": [6, 7]}, "rain": false, "note": null}'
    assert said(output(nested), calls=calls) == (
        "get_weather says: wind speed: 5, wind gusts: 6, 7, rain: no, note: nothing."
    )
    assert said(output("{not json"), calls=calls) == "get_weather says: {not json."
    assert said(output(""), calls=calls) == "get_weather answered with nothing."


def test_all_outputs_of_a_turn_are_told():
    calls = {"call_1": ("function_call", "a"), "call_2": ("custom_tool_call", "b")}
    second = {
        "type": "custom_tool_call_output",
        "call_id": "call_2",
        "output": [{"type": "input_text", "text": "2"}],
    }
    assert said("hi", output("1"), second, calls=calls) == "a says: 1. b says: 2."


def test_a_tool_output_is_json_when_a_schema_is_asked():
    text = said(output('{"temperature": 70}'), text={"format": EVENT})
    assert json.loads(text)["seats"] == 70


def test_images_and_files_are_mentioned():
    image = {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"}
    file = {"type": "input_file", "file_id": "file-1"}
    assert said(user("look", image)) == 'You said: "look" I received 1 image.'
    assert said(user(image, image, file)) == "I received 2 images and 1 file."


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (Document("a.pdf", ("One two",), ((1, 1),)), 'The file "a.pdf" has 1 page and begins: "One two".'),
        (Document("a.pdf", ("", "x " * 99), ((1, 1),) * 2), f'"a.pdf" has 2 pages and begins: "{"x " * 59}x…".'),
        (Document("", ("", ""), ((1, 1),) * 2), "The file has 2 pages without text."),
        (Document("a.pdf"), 'The file "a.pdf" cannot be looked into here.'),
    ],
)
def test_of_a_file_its_pages_and_first_words_are_told(document, told):
    earlier = Document("earlier.pdf", ("before",), ((1, 1),))
    asked = replace(ask(user({"type": "input_file", "file_id": "file-1"})), documents=(earlier, document))
    (step,) = answer(asked)
    assert step.text.startswith("I received 1 file. The file")
    assert step.text.endswith(told)
