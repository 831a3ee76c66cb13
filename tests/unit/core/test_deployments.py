"""The table of deployments says what the how-to page says, and any other name gets a believable row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.deployments import BY_NAME, EFFORTS, TABLE, find, listed
from emulator.core.errors import ApiError

# The page's list of models with their versions.
PAGE = {
    "gpt-5.1-codex-max": {"2025-12-04"},
    "gpt-5.1": {"2025-11-13"},
    "gpt-5.1-chat": {"2025-11-13"},
    "gpt-5.1-codex": {"2025-11-13"},
    "gpt-5.1-codex-mini": {"2025-11-13"},
    "gpt-5-pro": {"2025-10-06"},
    "gpt-5-codex": {"2025-09-11", "2025-09-15"},
    "gpt-5": {"2025-08-07"},
    "gpt-5-mini": {"2025-08-07"},
    "gpt-5-nano": {"2025-08-07"},
    "gpt-5-chat": {"2025-08-07", "2025-10-03"},
    "gpt-4o": {"2024-11-20", "2024-08-06", "2024-05-13"},
    "gpt-4o-mini": {"2024-07-18"},
    "computer-use-preview": {"2025-03-11"},
    "gpt-4.1": {"2025-04-14"},
    "gpt-4.1-nano": {"2025-04-14"},
    "gpt-4.1-mini": {"2025-04-14"},
    "gpt-image-1": {"2025-04-15"},
    "gpt-image-1-mini": {"2025-10-06"},
    "o1": {"2024-12-17"},
    "o3-mini": {"2025-01-31"},
    "o3": {"2025-04-16"},
    "o4-mini": {"2025-04-16"},
}


def test_the_table_is_the_one_of_the_page():
    assert {row.name: set(row.versions) for row in TABLE} == PAGE


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
        ("gpt-4o-2099-01-01", "gpt-4o-2099-01-01"),
        ("gpt-5-mini", "gpt-5-mini"),
        ("my-deployment", "my-deployment"),
    ],
)
def test_a_bare_name_means_its_first_version(name, model):
    assert find(name).model == model


@pytest.mark.parametrize("row", BY_NAME.values(), ids=lambda row: row.name)
def test_a_dated_name_has_the_facts_of_its_row(row):
    bare = next(found for found in TABLE if row.name in (found.name, *[f"{found.name}-{v}" for v in found.versions]))
    assert (row.vision, row.effort, row.efforts, row.tools) == (bare.vision, bare.effort, bare.efforts, bare.tools)
    assert (row.image, row.image_caller, row.context_window) == (bare.image, bare.image_caller, bare.context_window)
    assert find(row.name) is row


@pytest.mark.parametrize("row", BY_NAME.values(), ids=lambda row: row.name)
def test_a_reasoning_deployment_takes_the_effort_that_it_starts_with(row):
    assert row.reasoning == bool(row.efforts)
    if row.reasoning:
        assert row.effort in row.efforts
        assert set(row.efforts) <= set(EFFORTS)


def test_the_page_names_who_may_call_the_image_tool():
    callers = {row.name for row in TABLE if row.image_caller}
    series = {name for name in PAGE if name.startswith("gpt-5")}
    assert callers == {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "o3"} | series


@pytest.mark.parametrize(
    ("name", "reasoning"),
    [("o9-mini", True), ("gpt-5.9", True), ("gpt-5.2-chat", False), ("gpt-6", False), ("omni", False)],
)
def test_an_unknown_name_reasons_if_it_looks_like_it(name, reasoning):
    found = find(name)
    assert found.reasoning is reasoning
    assert found.vision
    assert found.image_caller


@given(st.text(min_size=1))
def test_any_name_is_found(name):
    assert find(name).name == name
    assert find(name).created > 1_700_000_000


@given(st.text(), st.lists(st.text(), min_size=1))
def test_with_a_list_of_names_no_other_is_found(name, only):
    if name in only:
        assert find(name, tuple(only)).name == name
        return
    with pytest.raises(ApiError) as caught:
        find(name, tuple(only))
    assert caught.value.name == "unknown_deployment"


def test_a_list_shows_the_configured_names_once_and_in_order():
    assert [row.name for row in listed(("b", "gpt-4o", "b"))] == ["b", "gpt-4o"]
    assert listed() == tuple(BY_NAME.values())
