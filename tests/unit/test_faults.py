"""A fault as data: reading, refusing, matching, counting, drawing; and the table of kinds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.fault_kinds import FAULTS
from emulator.core.dialects import AZURE
from emulator.core.requests import parse_create
from emulator.core.response import closing
from emulator.script.fault import INCIDENTS, KINDS, Fault, Match, Sight, read_fault, read_header
from emulator.script.incident import plan_for_incident
from emulator.script.limit import Limit
from emulator.script.node import FixtureError
from emulator.script.plan import FunctionCall, Message, Plan

DOCS = Path(__file__).parents[2] / "docs"


def test_every_kind_can_strike():
    assert list(FAULTS) == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_documented(name):
    assert f"`{name}`" in (DOCS / "reference/faults.md").read_text("utf-8")


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_incident_has_its_own_section(name):
    assert f"\n## {name}\n" in (DOCS / "how-to/incidents.md").read_text("utf-8")


def test_a_header_is_a_kind_with_arguments():
    fault = read_header("reset; at_event=5")
    assert (fault.kind, fault.at_event) == ("reset", 5)
    assert read_header(" status = 503 ;retry_after=1.5").args == {"status": 503, "retry_after": 1.5}
    assert read_header("delay=300ms").args == {"delay": 0.3}
    assert read_header("cut; clean=false").args == {"clean": False}
    assert read_header("bad_json; before=response.completed").before == "response.completed"
    assert read_header('{"incident": "slow_first_token", "delay": "1m"}').args == {"delay": 60}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "fault needs 'kind' or 'incident', one of them"),
        ({"kind": "cut", "incident": "cut_before_completed"}, "one of them"),
        ([], "fault must be a mapping, not a list"),
        ("cut", "fault must be a mapping"),
        ({"incident": "cut"}, "fault.incident must be one of keepalive_event"),
        ({"kind": "status"}, "fault needs 'status'"),
        ({"kind": "status", "status": 600}, "fault.status must be a status from 400 to 599, not 600"),
        ({"kind": "cut", "at_event": 1, "before": "x"}, "one place at most"),
        ({"kind": "cut", "at_event": -1}, "fault.at_event must be at least 0"),
        ({"kind": "empty", "at_event": 1}, "unknown key 'at_event'"),
        ({"kind": "cut", "times": 0}, "fault.times must be at least 1"),
        ({"kind": "cut", "probability": 0}, "above 0 and at most 1"),
        ({"kind": "cut", "probability": True}, "above 0 and at most 1"),
        ({"kind": "delay", "delay": "soon"}, "must be a duration such as 300ms"),
        ({"kind": "delay", "delay": True}, "must be a duration"),
        ({"kind": "cut", "id": "a b"}, "fault.id has at most 64 letters"),
        ({"kind": "cut", "match": {"method": "PUT"}}, "fault.match.method must be one of GET, POST, DELETE"),
        ({"kind": "cut", "match": {"paht": "/x"}}, "did you mean 'path'?"),
        ({"kind": "status", "status": 500, "headers": {"a\r\nb": "c"}}, "is no header"),
        ({"kind": "status", "status": 500, "headers": {"a": "b\r\nc: d"}}, "is no header"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_line(data, says):
    with pytest.raises(FixtureError) as refused:
        read_fault(data)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.text())
def test_any_header_is_a_fault_or_is_refused(text):
    try:
        fault = read_header(text)
    except FixtureError:
        return
    assert fault.kind in KINDS


@given(st.integers(0, 5), st.integers(1, 5))
def test_it_strikes_after_the_first_and_so_many_times(after, times):
    fault = Fault("cut", after=after, times=times)
    struck = [number for number in range(1, 20) if fault.strikes(number, "")]
    assert struck == list(range(after + 1, after + times + 1))


@given(st.text(), st.integers(1, 1000))
def test_a_draw_is_the_same_each_time(seed, number):
    fault = Fault("cut", id="a", probability=0.5)
    assert fault.strikes(number, seed) == fault.strikes(number, seed)
    assert Fault("cut", probability=1.0).strikes(number, seed)


def test_a_draw_is_fair():
    fault = Fault("cut", id="a", probability=0.3)
    assert 250 < sum(fault.strikes(number, "seed") for number in range(1, 1001)) < 350


def test_a_match_holds_where_all_of_it_does():
    sight = Sight("POST", "/responses", stream=True, body={"model": "gpt-4o"})
    assert Match().holds(sight)
    assert Match("POST", "/resp*", "gpt-*", stream=True).holds(sight)
    for match in (Match("GET"), Match(path="/files"), Match(model="o3"), Match(stream=False)):
        assert not match.holds(sight)


@pytest.mark.parametrize("body", [{"input": 5}, {"input": [5, None]}, {"model": 7}, {"input": [{"id": None}]}])
@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_request_at_all_harms_no_fault(name, body):
    Fault(name).applies(Sight("POST", "/responses", body=body))


def test_an_incident_changes_steps_usage_and_filters_together():
    request = parse_create(b'{"model": "gpt-4o", "input": "Hi"}')
    plan = Plan(
        (FunctionCall("f"), Message("one two three four")),
        closing=closing(request, AZURE, prompt=2, completion=18, blocked=False),
    )
    cut = plan_for_incident(read_header("content_filter_completion"), plan)
    assert cut.steps == (FunctionCall("f"), Message("one two t"))
    assert (cut.ending.status, cut.ending.reason) == ("incomplete", "content_filter")
    assert cut.usage.output > 0
    entry = cut.closing["content_filters"][1]
    assert (entry["blocked"], entry["content_filter_offsets"]["end_offset"]) == (True, 9)
    assert plan.closing["content_filters"][1]["blocked"] is False


def test_other_faults_leave_the_plan_alone():
    plan = Plan((Message("Hello"),))
    assert plan_for_incident(None, plan) is plan
    assert plan_for_incident(read_header("cut"), plan) is plan


@given(st.integers(1, 100_000))
def test_the_windows_let_through_no_more_than_the_limit(limit):
    (window,) = Limit("x", requests=limit).windows
    assert window.most >= 1
    assert window.most / window.length <= limit / 60 + 1e-6
