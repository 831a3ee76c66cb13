"""The fixture that answers is the one that the documented rule names, and explaining agrees with choosing."""

import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.chain import ChainState
from emulator.core.clock import monotonic
from emulator.core.deployments import BY_NAME
from emulator.core.requests import CreateRequest
from emulator.script.ask import Ask
from emulator.script.explain import explained, nearest
from emulator.script.fixture import from_dict
from emulator.script.load import load_fixtures
from emulator.script.match import Row, choose, conditions, matching
from emulator.script.order import joined, merged, ordered
from emulator.script.patterns import Pattern, literal_of
from emulator.script.view import View

SHIPPED = Path(__file__).parents[3] / "fixtures"
WEATHER = {"type": "function", "name": "get_weather", "parameters": {}}


def user(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def output(call_id, kind="function_call_output"):
    return {"type": kind, "call_id": call_id, "output": "18"}


def ask(*items, calls=None, headers=None, before=None, **fields):
    """A request with these input items."""
    request = CreateRequest(**{"model": "gpt-4o", "input": list(items), **fields})
    return Ask(request, BY_NAME["gpt-4o"], tuple(items), calls or {}, headers or {}, before or ChainState())


def fixture(name="f", priority=0, **when):
    data = {"name": name, "when": when, "priority": priority, "then": [{"message": "a"}]}
    return from_dict(data, name)


def attached(kind):
    return {"type": "message", "role": "user", "content": [{"type": kind}]}


def answered(text):
    item = {"type": "function_call_output", "call_id": "c", "output": text}
    return ask(item, calls={"c": ("function_call", "f")})


ASSISTANT = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}
THOUGHT = {"type": "reasoning", "summary": []}
CALL = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
CALLED = {"c": ("function_call", "f")}
CASES = [
    ({}, ask(), True),
    ({"model": "gpt-4o*"}, ask(model="gpt-4o-mini"), True),
    ({"model": "gpt-4o"}, ask(model="gpt-4o-mini"), False),
    ({"model": "GPT-4o"}, ask(), False),
    ({"model": "gpt-[45]*"}, ask(model="gpt-5"), True),
    ({"input": "WEATHER"}, ask(user("the weather?")), True),
    ({"input": "strasse"}, ask(user("Straße")), True),
    ({"input": "weather"}, ask(user("weather"), user("thanks")), False),
    ({"input": "weather"}, ask(), False),
    ({"input": "/^the w/"}, ask(user("the weather?")), True),
    ({"input": "/THE/"}, ask(user("the weather?")), False),
    ({"input": "/(?i)THE/"}, ask(user("the weather?")), True),
    ({"input": "/usr/bin"}, ask(user("ls /usr/bin")), True),
    ({"instructions": "pirate"}, ask(instructions="Talk like a Pirate"), True),
    ({"instructions": "/^Talk/"}, ask(instructions="Talk like a Pirate"), True),
    ({"instructions": "pirate"}, ask(), False),
    ({"tools": ["get_weather"]}, ask(tools=[WEATHER]), True),
    ({"tools": ["code_interpreter"]}, ask(tools=[{"type": "code_interpreter"}]), True),
    ({"tools": ["get_weather", "other"]}, ask(tools=[WEATHER]), False),
    ({"tools": ["get_weather"]}, ask(), False),
    ({"tool_output": "f"}, ask(output("c"), calls={"c": ("function_call", "f")}), True),
    (
        {"tool_output": "f"},
        ask(output("c", "custom_tool_call_output"), calls={"c": ("custom_tool_call", "f")}),
        True,
    ),
    ({"tool_output": "f"}, ask(output("c"), calls={"c": ("function_call", "g")}), False),
    ({"tool_output": "f"}, ask(output("c"), user("hi"), calls={"c": ("function_call", "f")}), False),
    ({"tool_output": "f"}, ask(output("c")), False),
    ({"background": True}, ask(background=True), True),
    ({"background": False}, ask(), True),
    ({"background": True}, ask(), False),
    ({"stream": True}, ask(stream=True), True),
    ({"stream": False}, ask(stream=True), False),
    ({"metadata": {"team": "a"}}, ask(metadata={"team": "a", "more": "b"}), True),
    ({"metadata": {"team": "a"}}, ask(metadata={"team": "A"}), False),
    ({"metadata": {"team": "a"}}, ask(), False),
    ({"model": ["o3", "gpt-*"]}, ask(), True),
    ({"model": ["o3", "o4-*"]}, ask(), False),
    ({"turn": 1}, ask(), True),
    ({"turn": [2, 3]}, ask(before=ChainState(depth=2)), True),
    ({"turn": 2}, ask(user("a"), ASSISTANT, user("b")), True),
    ({"turn": 2}, ask(user("a"), THOUGHT, CALL, output("c"), calls=CALLED), True),
    ({"turn": 2}, ask(user("a"), user("b")), False),
    ({"previous": "one"}, ask(before=ChainState(fixture="one")), True),
    ({"previous": "one"}, ask(), False),
    ({"headers": {"X-Team": "a*"}}, ask(headers={"x-team": "ab"}), True),
    ({"headers": {"x-team": "/^a.$/"}}, ask(headers={"x-team": "ab"}), True),
    ({"headers": {"x-team": "a"}}, ask(headers={"x-team": "ab"}), False),
    ({"headers": {"x-team": "*"}}, ask(), False),
    ({"has_image": True}, ask(attached("input_image")), True),
    ({"has_image": False}, ask(attached("input_image")), False),
    ({"has_file": True}, ask(attached("input_image")), False),
    ({"has_file": True}, ask(attached("input_file")), True),
    ({"jsonpath": {"$.tools[0].name": "get_weather"}}, ask(tools=[WEATHER]), True),
    ({"jsonpath": {"$.tools[*].name": "/weather$/"}}, ask(tools=[{"type": "x"}, WEATHER]), True),
    ({"jsonpath": {"$..text": "hi", "$.max_output_tokens": 5}}, ask(user("hi"), max_output_tokens=5), True),
    ({"jsonpath": {"$.max_output_tokens": True}}, ask(max_output_tokens=1), False),
    ({"jsonpath": {"$.metadata['a b']": "x"}}, ask(metadata={"a b": "x"}), True),
    ({"jsonpath": {"$.nothing": None}}, ask(), False),
    ({"tool_output": {"name": "f", "contains": "SUN"}}, answered('{"sky": "sunny"}'), True),
    ({"tool_output": {"contains": "rain"}}, answered('{"sky": "sunny"}'), False),
    ({"tool_output": {"contains": "sun"}}, ask(user("sun")), False),
    ({"tool_output": {"regex": "/s.nny/"}}, answered('{"sky": "sunny"}'), True),
    (
        {"tool_output": {"json": {"sky": "sunny", "$.at[-1].t": 18}}},
        answered('{"sky":"sunny","at":[{"t":18.0}]}'),
        True,
    ),
    ({"tool_output": {"json": {"sky": "/^rain/"}}}, answered('{"sky": "sunny"}'), False),
    ({"tool_output": {"json": {"sky": "sunny"}}}, answered("sky is sunny"), False),
    ({"tool_output": {"contains": "b"}}, answered([{"type": "input_text", "text": "ab"}]), True),
    ({"any": [{"input": "a"}, {"model": "o3"}]}, ask(model="o3"), True),
    ({"any": [{"input": "a"}, {"model": "o3"}]}, ask(user("b")), False),
    ({"not": {"input": "a", "model": "gpt-*"}}, ask(user("b")), True),
    ({"not": {"input": "a", "model": "gpt-*"}}, ask(user("a")), False),
]


@pytest.mark.parametrize(("when", "request_", "matches"), CASES)
def test_a_condition_holds_or_not(when, request_, matches):
    one = fixture(**when)
    assert (choose([one], request_) is one) is matches
    assert all(row.held for row in conditions(one, request_)) is matches


def test_conditions_show_what_was_wanted_and_what_came():
    one = fixture(input="snow", tools=["get_weather", "other"], metadata={"team": "a"}, stream=False)
    assert conditions(one, ask(user("rain"), tools=[WEATHER])) == [
        Row("input", "snow", "rain", False),
        Row("tools", "get_weather", ["get_weather"], True),
        Row("tools", "other", ["get_weather"], False),
        Row("metadata.team", "a", None, False),
        Row("stream", False, False, True),
    ]


def test_priority_goes_before_all_else():
    high = fixture("high", 1)
    assert choose([high, fixture(model="gpt-4o", input="a")], ask(user("a"))) is high


def test_the_more_specific_goes_before_the_later():
    two = fixture("two", model="gpt-4o", input="a")
    assert choose([two, fixture(input="a")], ask(user("a"))) is two


def test_each_tool_counts_as_a_condition():
    two = fixture("two", tools=["get_weather", "other"])
    tools = [WEATHER, {"type": "custom", "name": "other"}]
    assert choose([two, fixture(tools=["other"])], ask(tools=tools)) is two


def test_the_later_one_goes_first_among_equals():
    later = fixture("later", input="b")
    assert choose([fixture(input="a"), later], ask(user("a b"))) is later


def test_nothing_matches_where_no_condition_holds():
    assert choose([fixture(input="a")], ask(user("b"))) is None
    assert choose([], ask()) is None


def test_an_agent_that_sends_its_whole_history_gets_out_of_the_tool_loop():
    fixtures = load_fixtures(SHIPPED)
    question = user("What is the weather?")
    call = {"type": "function_call", "name": "get_weather", "call_id": "c", "arguments": "{}"}
    first = choose(fixtures, ask(question, tools=[WEATHER]))
    calls = {"c": ("function_call", "get_weather")}
    second = choose(fixtures, ask(question, call, output("c"), tools=[WEATHER], calls=calls))
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("ask for the weather", "tell the weather")


words = st.sampled_from(["a", "b", "ab", "/^a/", "/b$/", "/x|a/", "/(?i)B/", "/[ab]b*/"])
whens = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["gpt-4o", "gpt-*", "o3"]),
        "input": words,
        "instructions": words,
        "tools": st.lists(st.sampled_from(["get_weather", "f"]), min_size=1, max_size=2),
        "tool_output": st.sampled_from(["f", "g"]),
        "background": st.booleans(),
        "stream": st.booleans(),
        "metadata": st.dictionaries(st.sampled_from("xy"), st.sampled_from("pq"), min_size=1),
        "turn": st.integers(1, 2),
        "jsonpath": st.just({"$..text": "/a/"}),
        "any": st.lists(st.builds(dict, input=words), min_size=1, max_size=2),
        "not": st.builds(dict, input=words),
    },
)
sets = st.lists(st.builds(lambda when, at: fixture(priority=at, **when), whens, st.integers(-1, 1)), max_size=12)
asks = st.builds(
    lambda text, answers, fields: ask(
        user(text), *([output("c")] if answers else []), calls={"c": ("function_call", answers)}, **fields
    ),
    st.sampled_from(["a", "b", "ab", "AB", ""]),
    st.sampled_from([None, "f", "g"]),
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from(["gpt-4o", "o3"]),
            "instructions": st.sampled_from([None, "a", "ba"]),
            "tools": st.sampled_from([[], [WEATHER], [WEATHER, {"type": "custom", "name": "f"}]]),
            "background": st.booleans(),
            "stream": st.booleans(),
            "metadata": st.dictionaries(st.sampled_from("xy"), st.sampled_from("pq")),
        },
    ),
)


@given(sets, asks)
def test_choosing_agrees_with_explaining_every_fixture(fixtures, request_):
    explained = [conditions(one, request_) for one in fixtures]
    matching = [
        (one.rank, at)
        for at, (one, rows) in enumerate(zip(fixtures, explained, strict=True))
        if all(row.held for row in rows)
    ]
    chosen = choose(fixtures, request_)
    assert chosen is (fixtures[max(matching)[-1]] if matching else None)


@given(sets, asks)
def test_what_is_matched_through_the_index_is_what_matches_one_by_one(fixtures, request_):
    view = View(request_)
    slow = [one for one in ordered(fixtures) if one.when.holds(view)]
    assert list(matching(ordered(fixtures), view)) == slow
    missed = {near.fixture.name for near in nearest(fixtures, view, most=99)}
    assert missed.isdisjoint(one.name for one in slow) or len({one.name for one in fixtures}) < len(fixtures)
    chosen, lines = explained(ordered(fixtures), view)
    assert chosen is (slow[0] if slow else None)
    assert all(len(line.splitlines()) == 1 for line in lines)


@given(sets, sets, asks)
def test_groups_that_are_joined_match_as_one(added, files, request_):
    view = View(request_)
    groups = ordered(added), ordered(files)
    assert list(joined(*groups)) == list(merged(*groups))
    assert list(matching(joined(*groups), view)) == list(matching(merged(*groups), view))


def test_many_texts_are_found_as_surely_as_a_few():
    wanted = [f"{word} {number}" for word in ("Straße", "the weather", "a") for number in range(40)] + ["ab", "b"]
    fixtures = ordered(fixture(text, input=text) for text in wanted)
    for said in ("", "b", "the WEATHER 7, please", "strasse 39 and a 3", "x" * 1_000):
        view = View(ask(user(said)))
        assert list(matching(fixtures, view)) == [one for one in fixtures if one.when.holds(view)]


def test_what_came_at_run_time_goes_before_files_but_not_before_priority():
    added = from_dict({"name": "added", "then": [{"message": "a"}]}, "x", run_time=True)
    assert choose([added, fixture("file", input="a")], ask(user("a"))) is added
    high = fixture("high", 1)
    assert choose([added, high], ask(user("a"))) is high


@given(st.from_regex(r"[a-c.*?+|()\[\]^$\\w]{1,8}"), st.text("abc", max_size=6))
def test_the_text_that_an_expression_is_filed_under_is_in_all_that_it_matches(source, text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = re.compile(source).search(text)
    except re.error:
        return
    if found:
        assert literal_of(source) in text


@pytest.mark.parametrize("source", ["^(a+)+$", "(x+x+)+y", r"(\w*)*!", "(a|aa)+$"])
def test_an_expression_that_would_take_for_ever_gives_up(source):
    started = monotonic()
    assert Pattern(source).search("a" * 40_000 + "x" * 20_000 + "#") is None
    assert monotonic() - started < 2


def test_credentials_are_matched_and_never_shown():
    request_ = ask(headers={"authorization": "Bearer sk-secret"})
    one = fixture(headers={"authorization": "Bearer no"})
    assert conditions(one, request_) == [Row("headers.authorization", "Bearer no", "[hidden]", False)]
    assert choose([fixture(headers={"Authorization": "*secret"})], request_)


@given(sets, asks)
def test_a_fixture_that_does_not_match_changes_nothing(fixtures, request_):
    other = fixture("other", 9, model="no such model")
    assert choose([*fixtures, other], request_) is choose(fixtures, request_)
