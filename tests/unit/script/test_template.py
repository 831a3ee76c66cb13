"""Templates fill in what they are given, refuse what they do not know, and stop where they would take long."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.clock import monotonic
from emulator.script.fixture import from_dict
from emulator.script.planning import Taken, say
from emulator.script.scene import Chance
from emulator.script.template import template
from emulator.script.template_parts import TemplateError
from emulator.script.view import View
from tests.unit.script.test_match import answered, ask, user

VALUES = {
    "x": {"name": "Hé", "list": [1, 2, 3], "none": None, "items": 5, "ok": True, "f": 2.567},
    "big": list(range(30_000)),
    "long": "a" * 900_000,
    "uuid": lambda: "u-1",
}

GIVES = [
    ("no marks { } %", "no marks { } %"),
    ("Hi {{ x.name }}!", "Hi Hé!"),
    ("{{ x['name'] }} {{ x.list[0] }} {{ x.list[-1] }}", "Hé 1 3"),
    ("{{ x.items }}", "5"),
    ("{{ x.list }} {{ x.none }} {{ x.ok }}", "[1, 2, 3] null true"),
    ("{{ 1 + 2 * 3 - -1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 1 / 4 }}", "8 3 3 0.25"),
    ("{{ 'a' ~ 1 ~ 'b' }} {{ 'a' + 'b' }}", "a1b ab"),
    ("{{ 'yes' if x.list | length > 2 and not x.none else 'no' }}", "yes"),
    ("{{ 2 in x.list }} {{ 9 not in x.list }} {{ 'é' in x.name }}", "true true true"),
    ("{{ x.nothing | default('d') }} {{ nobody.at.all | default(7) }}", "d 7"),
    ("{{ x.list | join('-') }} {{ 'a b' | split | last }} {{ 'a-b' | split('-') | first }}", "1-2-3 b a"),
    ("{{ ' a ' | trim | upper | lower | title }} {{ 'aXa' | replace('X', 'yy') }}", "A ayya"),
    ("{{ x.f | round }} {{ x.f | round(2) }} {{ '3' | int + 1 }} {{ '1.5' | float }}", "3 2.57 4 1.5"),
    ("{{ x.name | json }} {{ x.list | json }} {{ 5 | string }}", '"Hé" [1, 2, 3] 5'),
    ("{{ 86400 | date }} {{ 0 | date('%Y') }}", "1970-01-02T00:00:00Z 1970"),
    ("{{ uuid() }}", "u-1"),
    ("{% if x.none %}a{% elif x.ok %}b{% else %}c{% endif %}", "b"),
    ("{% if x.none %}a{% else %}c{% endif %}", "c"),
    ("{% for i in x.list %}{{ loop.index }}{% if not loop.first %},{% endif %}{{ i }};{% endfor %}", "11;2,2;3,3;"),
    (r"{{ 'it\'s' }}{{ '\n' }}{{ '{{' }}", "it's\n{{"),
]
REFUSES = [
    ("{{ }}", "'' is no term: it ends too early"),
    ("{{ x. }}", "'x.' is no term: it ends too early"),
    ("{{ 1 2 }}", "'1 2' is no term: near '1 2'"),
    ("{{ x ? }}", "'x ?' is no term: near '?'"),
    ("{{ (1 }}", "'(1' is no term: ')' is missing"),
    ("{{ x | nope }}", "there is no filter 'nope', only default"),
    ("{% set a = 1 %}", "{% set a = 1 %} is not known here: there are if, elif, else and for"),
    ("{% include 'a' %}", "{% include 'a' %} is not known here"),
    ("{% for i in x %}", "{% endfor %} is missing"),
    ("{% else %}", "{% else %} is not known here"),
    ("{{ " + "(" * 21 + "1" + ")" * 21 + " }}", "more than 20 terms are within one another"),
    ("{{ " + "1+" * 200 + "1 }}", "a term has at most 200 words and signs"),
    ("{% if x %}" * 9 + "{% endif %}" * 9, "more than 8 statements are within one another"),
    ("{{ x }}" + "a" * 10_000, "a template has at most 10000 characters"),
]
FAILS = [
    ("{{ nobody }}", "there is no value 'nobody', only big, long, uuid, x"),
    ("{{ x.nothing }}", "there is no 'nothing' in it"),
    ("{{ x.__class__ }}", "there is no '__class__' in it"),
    ("{{ x.keys }}", "there is no 'keys' in it"),
    ("{{ x.name.upper() }}", "there is no 'upper' in it"),
    ("{{ x.list.append(1) }}", "there is no 'append' in it"),
    ("{{ uuid.__globals__ }}", "there is no '__globals__' in it"),
    ("{{ uuid }}", "a function has no value of its own: call it"),
    ("{{ x.name() }}", "only random.int, random.float, random.choice and uuid are called"),
    ("{{ uuid(1) }}", "the function does not take that: 1 values"),
    ("{{ 'a' * 3 }}", "'a' is no number"),
    ("{{ 1 / 0 }}", "a number is divided by zero"),
    ("{{ 999999999999999 * 999999999999999 }}", "a number is too large"),
    ("{{ 'x' | int }}", "'x' is no number"),
    ("{{ 0 | date('%99999999d') }}", "a date is written with %Y %m %d"),
    ("{% for i in x.name %}{% endfor %}", "a loop needs a list or an object"),
]
BOMBS = [
    "{% for a in big %}{% for b in big %}a{% endfor %}{% endfor %}",
    "{% for a in [[1,1]] %}"
    + "".join(
        f"{{% for {b} in [[{','.join([a] * 40)}]] %}}" for a, b in zip("abcdefg", "bcdefgh", strict=False)
    ).replace("{% for h", "{{ g }}{% for h", 1)
    + "{% endfor %}" * 8,
    "{{ long | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
    "{{ [long, long, long] | join(long) }}",
    "{{ long + long }}",
    "{% for i in big %}{{ long | upper }}{% endfor %}",
    "{% for i in big %}{{ big | json }}{% endfor %}",
    "{{ big + big + big + big + big + big + big + big | json }}",
    "{{ long | split('a') | join(long) }}",
]


@pytest.mark.parametrize(("source", "text"), GIVES)
def test_a_template_gives_a_text(source, text):
    found = template(source)
    assert (found.text(VALUES) if found else source) == text


@pytest.mark.parametrize(("source", "says"), REFUSES)
def test_what_is_no_template_is_refused_when_it_is_read(source, says):
    with pytest.raises(TemplateError) as raised:
        template(source)
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize(("source", "says"), FAILS)
def test_what_cannot_be_filled_in_says_why(source, says):
    with pytest.raises(TemplateError) as raised:
        template(source).text(VALUES)
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize("source", BOMBS)
def test_a_bomb_stops_soon(source):
    started = monotonic()
    with pytest.raises(TemplateError):
        template(source).text(VALUES)
    assert monotonic() - started < 2  # milliseconds on a quiet machine


@settings(deadline=None)
@given(st.text("{}%'\"()[]|.~+-*/ abx1forifendinelse\\", max_size=40))
def test_any_text_is_filled_in_or_refused(source):
    with suppress(TemplateError):
        found = template(source)
        assert found is None or isinstance(found.text(VALUES), str)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(), st.lists, max_leaves=5))
def test_a_template_that_is_one_value_is_that_value(value):
    assert template("{{ v }}").value({"v": value}) == value


def plan(request_, *then, when=None, response_id="resp_1", now=1_763_000_000.5):
    one = from_dict({"name": "n", "when": when or {}, "then": list(then)}, "here")
    taken = Taken(one, one.then)
    return say(View(request_), taken, response_id=response_id, now=now)


def test_a_template_sees_the_request_its_captures_the_clock_and_the_turn():
    text = "{{ capture.city }} {{ model }} {{ request.metadata.team }} {{ turn }} {{ now }} {{ input | length }}"
    found = plan(
        ask(user("weather in Oslo"), metadata={"team": "a"}), {"message": text}, when={"input": r"/in (?P<city>\w+)/"}
    )
    assert found.steps[0].text == "Oslo gpt-4o a 1 1763000000 15"


def test_a_template_sees_the_output_of_a_tool_as_json_or_text():
    text = {"message": "{{ tool_output.t }}"}
    assert plan(answered('{"t": 18}'), text).steps[0].text == "18"
    assert plan(answered("plain"), {"message": "{{ tool_output }}"}).steps[0].text == "plain"


def test_arguments_stay_json_whatever_is_filled_in():
    step = {"function_call": {"name": "f", "arguments": {"a": "{{ input }}!", "n": "{{ 1 + 1 }}", "l": ["{{ [1] }}"]}}}
    found = plan(ask(user('say "hi" \\ {{ uuid() }}')), step)
    assert json.loads(found.steps[0].arguments) == {"a": 'say "hi" \\ {{ uuid() }}!', "n": 2, "l": [[1]]}


def test_every_text_of_a_script_may_be_a_template():
    found = plan(
        ask(user("u")),
        {"refusal": "{{ input }}1"},
        {"reasoning": ["a", "{{ input }}2"]},
        {"custom_tool_call": {"name": "f", "input": "{{ input }}3"}},
        {"item": {"type": "compaction", "encrypted_content": "{{ input }}4"}},
        {"events": [{"type": "response.x", "n": "{{ turn }}"}]},
    )
    assert [step.kind for step in found.steps] == ["refusal", "reasoning", "custom_tool_call", "item", "events"]
    assert found.steps[1].summary == ("a", "u2")
    assert found.steps[3].item["encrypted_content"] == "u4"
    assert found.steps[4].events == ({"type": "response.x", "n": 1},)


def test_chance_is_the_same_for_the_same_response_and_another_for_another():
    step = {"message": "{{ random.int(1, 1000000) }} {{ random.choice('a', 'b') }} {{ uuid() }} {{ random.float() }}"}
    one, same, other = (plan(ask(), step, response_id=name).steps[0].text for name in ("a", "a", "b"))
    assert one == same != other


@given(st.integers(-50, 50), st.integers(0, 50), st.text(max_size=5))
def test_chance_keeps_within_its_ends(least, width, seed):
    assert least <= Chance(seed).int(least, least + width) <= least + width
    assert 0 <= Chance(seed).float() < 1


@pytest.mark.parametrize("call", ["random.int(2, 1)", "random.int('a', 2)", "random.choice()", "random.choice([])"])
def test_chance_refuses_what_it_cannot_do(call):
    from emulator.core.errors import ApiError

    with pytest.raises(
        ApiError, match=r"template of the fixture 'n' \(here\) cannot be filled in: then\[0\].message: random"
    ):
        plan(ask(), {"message": f"{{{{ {call} }}}}"})
