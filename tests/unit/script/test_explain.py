"""What is said of a request that nothing matches: the closest fixture, both values, and a hint that mends it."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given

from emulator.cli import commands
from emulator.core.chain import ChainState
from emulator.script import fixture as fixture_file
from emulator.script.explain import near_text, unmatched
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.lint import lint
from emulator.script.load import load_fixtures
from emulator.script.order import ordered
from emulator.script.schema import schema
from emulator.script.view import View
from tests.unit.script.test_fixture import REFUSED
from tests.unit.script.test_match import WEATHER, answered, ask, fixture, user, whens

REPO = Path(__file__).parents[3]

HINTS = [
    ({"input": "weather"}, ask(user("the wether?")), "the request says 'wether?', which is near"),
    ({"input": "/^The/"}, ask(user("the weather")), "it matches in any case: write /(?i)^The/"),
    ({"model": "GPT-4o"}, ask(), "only upper and lower case differ"),
    ({"tools": ["get_wether"]}, ask(tools=[WEATHER]), "the request offers 'get_weather'"),
    ({"tools": ["zip"]}, ask(tools=[WEATHER]), "the request does not offer that tool"),
    ({"tool_output": "f"}, ask(user("x")), "the last input item is no tool output"),
    ({"tool_output": "g"}, answered("x"), "the output is that of 'f'"),
    ({"stream": True}, ask(), "the request does not set stream"),
    ({"background": False}, ask(background=True), "the request sets background"),
    ({"previous": "a"}, ask(), "the request has no previous_response_id"),
    ({"previous": "a"}, ask(previous_response_id="resp_1"), "the built-in model answered before"),
    (
        {"previous": "a"},
        ask(previous_response_id="resp_1", before=ChainState(fixture="b")),
        "the previous turn was answered by 'b'",
    ),
    ({"turn": 2}, ask(), "this is turn 1"),
    ({"metadata": {"team": "a"}}, ask(), "the request has no metadata.team"),
]


@pytest.mark.parametrize(("when", "request_", "hint"), HINTS)
def test_a_hint_says_what_would_make_it_match(when, request_, hint):
    said = unmatched([fixture(**when)], View(request_))
    assert said.endswith(f" Hint: {hint}.")


def test_the_closest_fixture_is_told_with_both_values_of_each_condition():
    close = from_dict(
        {"name": "close", "when": {"model": "gpt-4o", "input": "snow"}, "then": [{"message": "a"}]}, "x.yaml:7"
    )
    far = fixture("far", model="o3", input="snow")
    assert unmatched([far, close], View(ask(user("rain")))) == (
        "Closest: 'close' (x.yaml:7), 1 of 2 conditions held: input wanted 'snow', got 'rain' (failed); "
        "model wanted 'gpt-4o', got 'gpt-4o' (held)."
    )


def test_a_fixture_without_matches_left_says_so():
    one = fixture(input="a")
    said = unmatched([one], View(ask(user("a"))), {one.id})
    assert "times wanted" in said
    assert said.endswith("Hint: it has matched as often as its 'times' allows; a reset of the fixtures counts anew.")


def test_without_fixtures_it_says_how_to_add_one():
    assert unmatched([], View(ask())).startswith("There is no fixture here: add one")


@pytest.mark.parametrize(
    ("wanted", "got", "near"),
    [("weather", "what wether today", "wether"), ("long story", "tell a longe story", "longe story"), ("a", "xyz", "")],
)
def test_the_nearest_words_are_found(wanted, got, near):
    assert near_text(wanted, got) == near


ADVICE = "asks for less and goes first; give one of them another priority or other conditions"


def test_check_finds_everything_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "- {name: all, priority: 1, then: [message: a]}\n"
        "- {name: under, when: {input: x}, then: [message: a]}\n"
        "- {name: wrong, when: {modle: x}, then: [message: a]}\n"
        "- {name: lost, priority: 2, when: {previous: nobody}, then: [message: a]}\n"
    )
    (tmp_path / "b.yaml").write_text("- {name: all, when: {input: y}, priority: 3, then: [message: a]}")
    (tmp_path / "c.json").write_text("{")
    good, wrong = lint(tmp_path)
    assert good == 4
    assert [line.removeprefix(str(tmp_path)) for line in wrong] == [
        "/a.yaml:3: unknown key 'modle' in when; did you mean 'model'?",
        "/c.json:1: not JSON: unexpected end of data",
        f"/b.yaml:1: the name 'all' is taken, see {tmp_path}/a.yaml:1",
        f"/a.yaml:2: 'under' never answers: 'all' ({tmp_path}/a.yaml:1) {ADVICE}",
        "/a.yaml:4: 'lost' never answers: when.previous names 'nobody', and no fixture has that name",
    ]


def test_a_fixture_that_stops_matching_shadows_nothing(tmp_path):
    (tmp_path / "a.yaml").write_text("- {then: [message: a]}\n- {times: 1, then: [message: a]}\n")
    assert lint(tmp_path) == (2, [])
    (tmp_path / "a.yaml").write_text("- {then: [message: a]}\n- {then: [message: a]}\n")
    assert len(lint(tmp_path)[1]) == 1


MISSED = "headers.x wanted '1', got None (failed). Hint: the request has no headers.x."


def run(*words, stdin=None):
    return CliRunner().invoke(commands, list(words), input=stdin, standalone_mode=False)


def test_the_check_command_leaves_with_the_status_of_its_findings(tmp_path):
    assert run("check", str(REPO / "fixtures")).return_value == 0
    (tmp_path / "a.yaml").write_text("than: []")
    wrong = run("check", str(tmp_path))
    assert (wrong.return_value, "did you mean 'then'?" in wrong.output) == (4, True)
    assert run("check", str(tmp_path / "none")).return_value == 4


def test_the_explain_command_prints_what_answers_and_what_came_near(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "- {name: one, when: {input: hi}, then: [message: a]}\n"
        "- {name: two, when: {headers: {x: '1'}}, then: [message: a]}\n"
    )
    body = json.dumps({"model": "gpt-4o", "input": "hi there"})
    found = run("explain", str(tmp_path), "-", stdin=body)
    assert found.return_value == 0
    assert found.output.splitlines() == [
        f"answers: 'one' ({tmp_path}/a.yaml:1), 1 of 1 conditions held: input wanted 'hi', got 'hi there' (held).",
        f"near miss: 'two' ({tmp_path}/a.yaml:2), 0 of 1 conditions held: {MISSED}",
    ]
    both = run("explain", str(tmp_path), "-", "--header", "X: 1", stdin=body)
    assert "matches too, but comes later: " in both.output
    assert run("explain", str(tmp_path), "-", stdin='{"model": "o3", "input": "x"}').return_value == 1


def test_the_schema_takes_all_that_is_read_and_names_every_key(tmp_path):
    checker = jsonschema.Draft202012Validator(schema())
    checker.check_schema(schema())
    for one in load_fixtures(REPO / "fixtures"):
        checker.validate(one.source.plain())
    for key in fixture_file.KEYS:
        assert key in schema()["$defs"]["fixture"]["properties"]
    printed = run("schema").output
    assert json.loads(printed) == schema()


def plain_of(content, folder):
    """The data of a refused fixture, where it is data at all."""
    from emulator.script.load import read_file

    file = folder / "x.yaml"
    file.write_text(content)
    try:
        return read_file(file).plain()
    except FixtureError:
        return None


# What only reading finds: texts within texts, order, and what one key says of another.
BEYOND = (
    *("regular expression", "flags", "template", "path", "header", "duplicate", "comes without", "comes after"),
    *("stands alone", "item", "events", "chunk must make", "repeats", "longer", "too large", "per needs"),
    *("at_end needs", "printable"),
)


@pytest.mark.parametrize(("content", "says"), REFUSED)
def test_the_schema_refuses_what_reading_refuses(tmp_path, content, says):
    data = plain_of(content, tmp_path)
    if data is None or any(word in says for word in BEYOND):
        return
    assert not jsonschema.Draft202012Validator(schema()).is_valid(data), says


@given(whens)
def test_the_schema_takes_every_condition_that_reading_takes(when):
    jsonschema.Draft202012Validator(schema()).validate({"when": when, "then": [{"message": "a"}]})
    assert ordered([fixture(**when)])
