"""What the official package or the emulator alone knows has a reason on the coverage page."""

from docs import drift


def test_every_difference_has_a_reason():
    unlisted = [one for one in drift.differences() if drift.reason_of(one) is None]
    assert unlisted == [], "add a row with a reason to docs/coverage/drift.yaml, or build what is missing"


def test_no_reason_is_for_a_difference_that_is_gone():
    assert drift.stale(drift.differences()) == []


def test_a_type_that_only_one_side_knows_is_a_difference(monkeypatch):
    known = drift.ours()
    fewer = {**known, "events": known["events"] - {"response.completed"}}
    monkeypatch.setattr(drift, "ours", lambda: fewer)
    assert drift.Difference("events", "response.completed", "openai") in drift.differences()


def test_fields_go_by_their_names_on_the_wire():
    assert "json_schema.schema" in drift.official()["formats"]
    assert "function.async" in drift.official()["tools"]


def test_a_reason_needs_the_side_and_the_group_too():
    difference = drift.Difference("tools", "image_generation.n", "openai")
    assert drift.reason_of(difference) is None
    assert drift.reason_of(difference._replace(side="emulator"))
