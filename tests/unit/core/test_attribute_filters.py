"""Filters over attributes: what they let through agrees with a plain reading of them, and wrong ones are named."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.attribute_filters import lets_through, read_filter
from emulator.core.errors import ApiError
from emulator.core.small_bodies import read_body
from emulator.core.vector_store_params import SearchBody

values = st.one_of(
    st.sampled_from(["a", "b", "", "10"]), st.integers(-2, 12), st.sampled_from([0.5, 10.0]), st.booleans()
)
keys = st.sampled_from(["year", "kind"])
attributes = st.dictionaries(keys, values, max_size=2)
comparisons = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), "key": keys, "value": values}
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["in", "nin"]), "key": keys, "value": st.lists(values, max_size=3)}),
)
filters = st.recursive(
    comparisons,
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, max_size=3)}
    ),
    max_leaves=6,
)


def reference(asked, held):  # noqa: PLR0911 (one a rule)
    """The same, read off the words of the documentation."""
    kind = asked["type"]
    if kind == "and":
        return all(reference(one, held) for one in asked["filters"])
    if kind == "or":
        return any(reference(one, held) for one in asked["filters"])
    if kind == "ne":
        return not reference({**asked, "type": "eq"}, held)
    if kind == "nin":
        return not reference({**asked, "type": "in"}, held)
    if asked["key"] not in held:
        return False
    found, value = held[asked["key"]], asked["value"]
    if kind == "in":
        return any(reference({**asked, "type": "eq", "value": one}, held) for one in value)
    names = {bool: "boolean", int: "number", float: "number", str: "text"}
    if names[type(found)] != names[type(value)]:
        return False
    if kind == "eq":
        return found == value
    if isinstance(found, bool):
        return False
    return {"gt": found > value, "gte": found >= value, "lt": found < value, "lte": found <= value}[kind]


@given(filters, attributes)
def test_a_filter_lets_through_what_its_words_say(asked, held):
    assert lets_through(read_filter(asked), held) is reference(asked, held)


@given(filters, attributes)
def test_a_filter_that_was_checked_means_the_same(asked, held):
    body, warnings = read_body(orjson.dumps({"query": "x", "filters": asked}), SearchBody)
    assert warnings == ()
    assert lets_through(body.filters, held) is reference(asked, held)


def test_no_filter_lets_everything_through():
    assert lets_through(None, {})


YEAR = {"type": "eq", "key": "year", "value": 1}


@pytest.mark.parametrize(
    ("asked", "param", "code"),
    [
        ([], "filters", "invalid_type"),
        ({}, "filters.type", "missing_required_parameter"),
        ({"type": "like"}, "filters.type", "invalid_value"),
        ({"type": "eq", "value": 1}, "filters.key", "missing_required_parameter"),
        ({"type": "eq", "key": "", "value": 1}, "filters.key", "string_below_min_length"),
        ({"type": "eq", "key": "year"}, "filters.value", "missing_required_parameter"),
        ({**YEAR, "value": None}, "filters.value", "invalid_type"),
        ({**YEAR, "value": [1]}, "filters.value", "invalid_type"),
        ({**YEAR, "type": "in"}, "filters.value", "invalid_type"),
        ({**YEAR, "type": "nin", "value": [1, {}]}, "filters.value[1]", "invalid_type"),
        ({"type": "and"}, "filters.filters", "missing_required_parameter"),
        ({"type": "or", "filters": [YEAR, {"type": "and", "filters": 1}]}, "filters.filters[1].filters",
         "invalid_type"),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named(asked, param, code):
    with pytest.raises(ApiError) as caught:
        read_body(orjson.dumps({"query": "x", "filters": asked}), SearchBody)
    assert (caught.value.param, caught.value.row.code) == (param, code)


def test_a_deep_filter_is_read_or_refused():
    asked = YEAR
    for _ in range(100):
        asked = {"type": "and", "filters": [asked]}
    body, _ = read_body(orjson.dumps({"query": "x", "filters": asked}), SearchBody)
    assert lets_through(body.filters, {"year": 1})
