"""How the oracle compares two answers, and that what it found last has its reasons still."""

import yaml

from tests.oracle import run

NOBODY = {"status": 200, "body": {}}


def test_equal_answers_do_not_part():
    assert run._parted({"status": 200, "body": {"a": [1]}}, {"status": 200, "body": {"a": [1]}}) == []


def test_what_one_side_has_alone_is_told_as_high_up_as_it_stands():
    theirs, ours = {"status": 200, "body": {"a": 1}}, {"status": 200, "body": {"a": 1, "b": {"c": [1, 2]}}}
    assert run._parted(theirs, ours) == [("body.b", "absent", '{"c": [1, 2]}')]


def test_where_one_refuses_only_that_is_told():
    refused = {"status": 400, "body": {"error": {"message": "No."}}}
    assert run._parted(NOBODY, refused) == [("status", "200", "400 No.")]


def test_ids_and_times_are_what_they_are():
    one = {"status": 200, "body": {"id": "caresp_" + "a" * 50, "created_at": 1}}
    other = {"status": 200, "body": {"id": "resp_" + "0" * 48, "created_at": 2}}
    assert run._parted(one, other) == []


def test_a_reason_is_for_its_requests_and_facts_alone():
    rows = [{"requests": ["poll*"], "facts": ["body.output[0].*"], "reason": "so"}]
    fitting = run.Difference("poll", "body.output[0].id", "1", "2")
    assert run.reason_of(fitting, rows) is rows[0]
    assert run.reason_of(fitting._replace(request="create"), rows) is None
    assert run.reason_of(fitting._replace(fact="body.output.id"), rows) is None


def test_what_was_found_has_a_reason_each():
    reasons = {row["reason"] for row in yaml.safe_load(run.REASONS.read_text("utf-8"))["reasons"]}
    found = yaml.safe_load(run.FOUND.read_text("utf-8"))
    assert found["package"] == run.PACKAGE
    assert {row["reason"] for row in found["found"]} == reasons
